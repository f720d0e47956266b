"""Outputs, checked before work begins so that no input is lost."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from torch.utils.data import Dataset

Target = str | os.PathLike


def check_outputs(
    writes: Mapping[str, Target | None], reads: Iterable[Target] = ()
) -> None:
    """Refuse to write where something is read, or where nothing can be.

    Files are compared by what they are, not by their names: an output is also
    refused if it is an input by a link of either kind, or by another spelling
    on a disk that ignores case.

    Args:
        writes: What a message calls it -> file that will be written; None:
            not wanted.
        reads: Files that are read; what is no local file is left out.

    Raises:
        ValueError: If an output is a directory, cannot be created, or is an
            input or another output.
    """
    targets = {n: Path(p) for n, p in writes.items() if p is not None}
    for name, path in targets.items():
        if path.is_dir():
            raise ValueError(
                f'{name} {path}: expected a file to write, found a directory: '
                'add the name of a file'
            )
        check_folder(name, path.parent)
    names: dict[object, str] = {}
    for name, path in targets.items():
        for key in {path.resolve(), _identity(path) or path.resolve()}:
            other = names.setdefault(key, name)
            if other != name:
                raise ValueError(
                    f'{other} {targets[other]} and {name} {path} are one '
                    'file: name different ones'
                )
    if not any(isinstance(key, tuple) for key in names):
        return  # nothing that exists is replaced
    for read in reads:
        name = names.get(_identity(read))
        if name is not None:
            raise ValueError(
                f'{name} {targets[name]} is the input {os.fspath(read)}, '
                'which would be lost: name another file to write'
            )


def check_folder(name: str, folder: Target) -> None:
    """Refuse a folder that cannot be written to or created.

    Args:
        name: What the message calls it.
        folder: It need not exist.

    Raises:
        ValueError: If it, or the folder that it would be created in, is no
            folder or is write-protected.
    """
    folder = Path(folder).absolute()
    nearest = next(p for p in (folder, *folder.parents) if p.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return
    found = 'a write-protected one' if nearest.is_dir() else 'a file'
    raise ValueError(
        f'{name} {folder}: expected a folder that can be written to, but '
        f'{nearest} is {found}: name another place, or change that'
    )


def run_files(place: Target) -> Iterator[Path]:
    """List what is read of a work directory: logs, tables, configs, weights.

    Args:
        place: The folder, or a single file of one.
    """
    read = ('.json', '.csv', '.log', '.py', '.pth')
    for path in (Path(place), *Path(place).rglob('*')):
        if path.suffix in read:
            yield path


def dataset_files(dataset: Dataset) -> Iterator[str]:
    """List the files that a dataset reads, its split list first.

    Args:
        dataset: Of mmengine's kind; of others nothing is known.
    """
    if getattr(dataset, 'ann_file', ''):
        yield dataset.ann_file
    if not hasattr(dataset, 'get_data_info'):
        return
    # Samples may be parts of tiles, and more than these.
    tiles = getattr(dataset, 'tiles', None)
    if tiles is None:
        tiles = map(dataset.get_data_info, range(len(dataset)))
    for record in tiles:
        yield record['img_path']
        yield from record.get('img_paths', {}).values()
        if record.get('seg_map_path'):
            yield record['seg_map_path']


def _identity(path: Target) -> tuple[int, int] | None:
    """Device and inode of a local file; None: there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # the second: a zero byte in the name
        return None
    return found.st_dev, found.st_ino
