"""Record of how tiles were brought to one grid, and from what."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from multimodal_rs.data_prep.cut_record import DECLARED, declared
from multimodal_rs.data_prep.own_scenes import TIFF, declared_place
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import read_json, write_text

FILE = 'one_grid.json'  # in the folder of the tiles
RENEWED = 'delete it and the tiles, and make them again'
ORIGINS = 'origins'  # older records have neither these nor declarations
# File of a tile -> each layer whose file it is made from -> bytes and time.
Origins = Mapping[str, Mapping[str, Sequence[int]]]


def declarations(datasets: Sequence[MultiModalSegDataset]) -> dict[str, str]:
    """Say how each layer is declared, wherever a dataset has it."""
    return {
        f'{layer} in {declared_place(dataset, layer)[0]}': text
        for dataset in datasets
        for layer, text in declared(dataset).items()
    }


def keep_record(folder: Path, settings: Mapping, origins: Origins) -> None:
    """Note how tiles are made and from what, before one of them is written.

    Args:
        folder: Where they are written.
        settings: How, in the types of JSON; the value of ``DECLARED`` are the
            :func:`declarations`.
        origins: Files to write, named below ``folder``.

    Raises:
        ValueError: If there are files that were made in another way, or from
            other files. What an older record does not say is not compared.
    """
    path = folder / FILE
    known, before = dict(settings), {}
    if path.is_file():
        content = read_json(path, RENEWED)
        with reading(path, f'how tiles were made: {RENEWED}'):
            before = dict(content.pop(ORIGINS, {}))
            known = content | {DECLARED: dict(content.get(DECLARED, {}))}
    now = _with_layers_of(settings, known)
    if _with_layers_of(known, settings) != now and _has_tiles(folder):
        differs = [k for k in now if now[k] != known.get(k)]
        raise ValueError(
            f'{folder} has tiles that were made with '
            f'{ {k: known.get(k) for k in differs} }, now asked for is '
            f'{ {k: now[k] for k in differs} }: take the same options and '
            f'declarations, or another folder, or remove the tiles and {path}'
        )
    _check_origins(folder, before, origins)
    content = {**now, ORIGINS: {**before, **origins}}
    text = json.dumps(content, indent=2, sort_keys=True)
    if not path.is_file() or path.read_text(encoding='utf-8') != text + '\n':
        write_text(path, text + '\n')


def _with_layers_of(settings: Mapping, other: Mapping) -> dict:
    """Add what only the other one declares: layers may come and go."""
    layers = {**other[DECLARED], **settings[DECLARED]}
    return {**settings, DECLARED: layers}


def _has_tiles(folder: Path) -> bool:
    return any(p.suffix.lower() in TIFF for p in folder.rglob('*'))


def _check_origins(folder: Path, before: Origins, now: Origins) -> None:
    changed = [
        file
        for file, made_from in now.items()
        if before.get(file, made_from) != made_from
        and (folder / file).is_file()
    ]
    if changed:
        file = changed[0]
        raise ValueError(
            f'{folder}: {len(changed)} files are there that were made from '
            f'others than those of today, such as {changed[:3]}; {file}: '
            f'expected {dict(before[file])}, got {dict(now[file])} (bytes and '
            'time of writing): remove these files and run again; if only the '
            f'times are others, as those of a copy, take "{ORIGINS}" out of '
            f'{folder / FILE}'
        )
