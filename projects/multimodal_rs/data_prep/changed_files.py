"""Numbers that were measured before the files had what they have now."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.fits import RENEWED
from multimodal_rs.datasets.io.arrays import variable_of
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import read_json, write_text


def forget_changed(
    lists: Mapping[str, MultiModalSegDataset], target: Path
) -> None:
    """Let what was measured count no more if a file was written since.

    Of the bands and labels of all configs, and of measurements that were
    interrupted. Steps of ``values`` say themselves what they are of.

    Args:
        lists: ``train``, of which all files count, and others, of which the
            labels do.
        target: ``stats.json``.
    """
    newest = max(map(_written, _files(lists)), default=0)
    for partial in target.parent.glob(f'.{target.stem}-*.partial.json'):
        if partial.stat().st_mtime_ns < newest:
            partial.unlink()
    if not target.is_file() or newest <= target.stat().st_mtime_ns:
        return
    known = read_json(target, RENEWED)
    with reading(target, f'numbers of bands and labels: {RENEWED}'):
        for entry in known.values():
            entry.pop('fingerprint', None)
            entry.pop('labels', None)
    print(f'{target}: files were written since, all is measured again')
    write_text(target, json.dumps(known, indent=2, sort_keys=True) + '\n')


def _files(lists: Mapping[str, MultiModalSegDataset]) -> Iterator[str]:
    for part, dataset in lists.items():
        for tile in dataset.tiles:
            if part == 'train':
                yield from tile['img_paths'].values()
            if 'seg_map_path' in tile:
                yield tile['seg_map_path']


def _written(path: str) -> int:
    """When a file came to its place or was written, in nanoseconds.

    An archive that is unpacked gives files the time of long ago, but not that
    of their change. 0 of what is not there, or not on a disk.
    """
    try:
        found = os.stat(variable_of(path)[0])
    except OSError:
        return 0
    return max(found.st_mtime_ns, found.st_ctime_ns)
