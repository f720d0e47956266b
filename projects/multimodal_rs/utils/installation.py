"""This copy of the package: part of a checkout, or installed by pip."""

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

DISTRIBUTION = 'multimodal-rs'
DATASET_CONFIGS = 'configs/_base_/datasets'


def checkout() -> Path | None:
    """Find the checkout that the package lies in; None if in none."""
    root = Path(__file__).resolve().parents[3]
    folders = [root / 'data_prep', root / DATASET_CONFIGS]
    return root if all(f.is_dir() for f in folders) else None


def prepare_command(name: str = '<dataset>') -> str:
    """Say how a command of ``data_prep`` is started here.

    For error messages, which are read in a checkout and without one.

    Args:
        name: Module of ``multimodal_rs.data_prep``.
    """
    if checkout() is None:
        return f'multimodal-rs-prepare {name} FOLDER'
    return f'python data_prep/{name}.py FOLDER'


def one_grid_command(sizes: Mapping[str, tuple[int, int]]) -> str:
    """Say how tiles are brought to one grid.

    Args:
        sizes: Modality -> (H, W) of a tile. The largest gives the grid.
    """
    largest = max(sizes, key=lambda name: sizes[name][0] * sizes[name][1])
    command = prepare_command('one_grid')
    return f'{command} NEW_FOLDER --config CONFIG --like {largest}'


def dataset_config(name: str | Path) -> Path:
    """Find the config of a dataset.

    Args:
        name: A path, or the name of a file in ``configs/_base_/datasets``:
            of the checkout, or the copy that pip installs along.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    path = Path(name)
    if path.is_file():
        return path
    folder = _config_folder()
    if folder is not None and (folder / name).is_file():
        return folder / name
    there = 'was not found' if folder is None else f'is {folder}'
    raise FileNotFoundError(
        f'config {name}: expected a file, or the name of one in '
        f'{DATASET_CONFIGS}, which {there}: pass the path of a config'
    )


def _config_folder() -> Path | None:
    root = checkout()
    if root is not None:
        return root / DATASET_CONFIGS
    try:
        files = metadata.files(DISTRIBUTION) or ()
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.parent.as_posix().endswith(DATASET_CONFIGS):
            return Path(file.locate()).resolve().parent
    return None
