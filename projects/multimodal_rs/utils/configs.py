"""Configs that are read from files."""

import os
from pathlib import Path

import yaml
from mmengine.config import Config


def read_config(
    path: str | os.PathLike, import_custom_modules: bool = True
) -> Config:
    """Read a config, Python, JSON or YAML.

    mmengine reads YAML with a loader that runs what a tag names
    (``!!python/object/apply:...``). Files with tags beyond plain data are
    refused here, before that loader sees them. A config in Python is a
    program and is run.

    Args:
        path: Its file.
        import_custom_modules: Whether to import what ``custom_imports`` names.

    Raises:
        ValueError: If a YAML file, or one that it inherits, is no plain data.
        FileNotFoundError: If it does not exist.
    """
    _check_yaml(Path(path), ())
    return Config.fromfile(path, import_custom_modules=import_custom_modules)


def _check_yaml(path: Path, heirs: tuple[Path, ...]) -> None:
    """Look through a file and what it inherits.

    Args:
        path: What ends otherwise than YAML is left to mmengine.
        heirs: The files that inherit it.
    """
    if path.suffix not in ('.yml', '.yaml'):
        return
    if path in heirs:
        raise ValueError(f'{path} inherits itself: correct _base_')
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = ' '.join(str(error).split())
        raise ValueError(
            f'{path}: expected YAML of plain data, got {reason}: write '
            'numbers, texts, lists and mappings only (tags such as '
            '!!python/... could run any code)'
        ) from error
    bases = content.get('_base_', []) if isinstance(content, dict) else []
    for base in [bases] if isinstance(bases, str) else bases:
        _check_yaml(path.parent / base, (*heirs, path))
