"""Pictures in documents, which are drawn again when their records change.

``pictures`` of a ``tables.json`` names files, relative to the repository, and
for each ``kind`` (``cost`` or ``subsets``), ``table`` (of the same file) and,
where wanted, ``measure``, ``x`` (a cost) and ``dataset`` (only this one). A
picture carries a fingerprint of what it was drawn from.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from multimodal_rs.results import plot_entries, plots, subset_plots
from multimodal_rs.results.store import Results
from multimodal_rs.utils.files import atomic_path

KEY, DPI = 'Description', 100


def stale_pictures(results: Results) -> dict[Path, tuple[str, Mapping]]:
    """Find pictures that do not show what the records say.

    Args:
        results: All of them.

    Returns:
        File -> folder of the ``tables.json`` and its entry there.
    """
    found = {}
    for folder, layout in results.layouts.items():
        for name, spec in layout.get('pictures', {}).items():
            path = results.root / name
            if _drawn_from(path) != fingerprint(results, folder, spec):
                found[path] = (folder, spec)
    return found


def draw_picture(
    results: Results, folder: str, spec: Mapping, target: Path
) -> None:
    """Draw one picture.

    Args:
        results: All of them.
        folder: Of the ``tables.json``.
        spec: Its entry there.
        target: PNG file.
    """
    entries = _entries(results, folder, spec)
    measure = spec.get('measure', 'mIoU')
    if spec['kind'] == 'subsets':
        picture = subset_plots.plot_subsets(entries, measure)
    else:
        cost = spec.get('x', 'parameters')
        picture = plots.plot_cost(entries, cost, measure)
    with atomic_path(target) as path:
        picture.savefig(
            path,
            dpi=DPI,
            metadata={KEY: fingerprint(results, folder, spec)},
        )


def fingerprint(results: Results, folder: str, spec: Mapping) -> str:
    """Digest a picture's declaration and the records that it shows."""
    entries = _entries(results, folder, spec)
    content = [dict(spec), *map(dataclasses.asdict, entries)]
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _entries(
    results: Results, folder: str, spec: Mapping
) -> list[plots.Entry]:
    entries = plot_entries.table_entries(results, folder, spec['table'])
    wanted = spec.get('dataset')
    return [e for e in entries if wanted in (None, e.record.dataset)]


def _drawn_from(path: Path) -> str | None:
    if not path.exists():
        return None
    with Image.open(path) as picture:
        return picture.info.get(KEY)
