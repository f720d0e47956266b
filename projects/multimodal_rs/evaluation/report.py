"""Reports of a run: where they go, and how numbers are written there."""

import json
import logging
import math
import os
from collections.abc import Mapping
from pathlib import Path

from mmengine.logging import MMLogger

from multimodal_rs.utils.files import write_text


def write_json(target: str | os.PathLike, content: Mapping) -> None:
    """Write standard JSON (NaN becomes null), completely or not at all."""
    text = json.dumps(_plain(content), indent=2, allow_nan=False)
    write_text(target, text + '\n')


def run_log_dir() -> Path | None:
    """Find the folder of the current run's log file.

    Returns:
        The folder, or None if the current logger writes no file (no runner,
        or not the main process).
    """
    for handler in MMLogger.get_current_instance().handlers:
        if isinstance(handler, logging.FileHandler):
            return Path(handler.baseFilename).parent
    return None


def _plain(content: object) -> object:
    if isinstance(content, Mapping):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_plain(value) for value in content]
    if hasattr(content, 'item'):  # a number of numpy or torch
        content = content.item()
    if isinstance(content, float) and math.isnan(content):
        return None
    return content
