"""Numbers that were measured before the files had what they have now."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from multimodal_rs.data_prep.stats_file import changed_entries
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.io.arrays import variable_of

# What an entry of stats.json says of files, and when that was measured.
MEASURED = ('fingerprint', 'labels', 'measured')


def forget_changed(
    lists: Mapping[str, MultiModalSegDataset], target: Path
) -> None:
    """Let what was measured count no more if a file was written since.

    Of the bands and labels of each config whose measurement started before,
    and of measurements that were interrupted. Steps of ``values`` say
    themselves what they are of.

    Args:
        lists: ``train``, of which all files count, and others, of which the
            labels do.
        target: ``stats.json``.
    """
    newest = max(map(_written, _files(lists)), default=0)
    for partial in target.parent.glob(f'.{target.stem}-*.partial.json'):
        if partial.stat().st_mtime_ns < newest:
            partial.unlink()
    with changed_entries(target) as known:
        for name, entry in known.items():
            if entry.get('measured', 0) >= newest:
                continue
            if {*MEASURED} & entry.keys():
                print(
                    f'{target}: files were written since {name} was measured'
                )
            for key in MEASURED:
                entry.pop(key, None)


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
