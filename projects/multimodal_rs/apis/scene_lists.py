"""Lists of scenes: a table, or a pattern of file names."""

import csv
import glob
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from multimodal_rs.apis.outputs import PLACE
from multimodal_rs.inference.rasters import Source
from multimodal_rs.utils.damage import damaged, reading

NAME = 'scene'
SEPARATOR = ';'  # between the files of a modality with a file per band


class Scene(NamedTuple):
    """A scene of a list.

    Attributes:
        name: Takes the place of ``{scene}`` in names of outputs.
        rasters: Modality -> its raster.
    """

    name: str
    rasters: Mapping[str, Source]


def scenes_of_table(path: str | os.PathLike) -> list[Scene]:
    """Read a CSV: a column ``scene`` with names, and one per modality.

    An empty cell is a modality that the scene lacks; files of single bands
    are separated by semicolons. Relative paths start where the program runs.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such table, or two scenes have one name.
    """
    path = os.fspath(path)
    expected = (
        f'a CSV whose first line is {NAME} and names of modalities, and '
        'whose other lines name a scene and its files'
    )
    with reading(path, expected), open(path, encoding='utf-8-sig') as file:
        rows = list(csv.DictReader(file))
        wrong = [row for row in rows if None in row or None in row.values()]
        if not rows or wrong or set(rows[0]) <= {NAME} or NAME not in rows[0]:
            found = f'a line {wrong[0]}' if wrong else f'{rows[:1]}'
            raise damaged(path, f'it has {found}', expected)
    scenes = [
        Scene(
            row[NAME].strip(),
            {
                name: _files(cell)
                for name, cell in row.items()
                if name != NAME and cell.strip()
            },
        )
        for row in rows
    ]
    _check_names([s.name for s in scenes], path)
    return scenes


def _files(cell: str) -> Source:
    paths = [part.strip() for part in cell.split(SEPARATOR)]
    return paths if len(paths) > 1 else paths[0]


def scenes_of_patterns(
    patterns: Mapping[str, str | Sequence[str]],
) -> list[Scene]:
    """Find scenes by the names of their files.

    Args:
        patterns: Modality -> its file (or a file per band), with ``{scene}``
            where the name of the scene stands: part of the name of a file or
            folder. A scene has the modalities whose files are there. A file
            without ``{scene}`` belongs to all.

    Returns:
        The scenes, by name.

    Raises:
        ValueError: If there is none, or one lacks some of the bands of a
            modality.
    """
    files: dict[str, list[dict[str, str]]] = {}
    for name, several in patterns.items():
        several = [several] if isinstance(several, str) else several
        files[name] = [_matches(pattern) for pattern in several]
    every = [found for parts in files.values() for found in parts]
    names = sorted({n for found in every for n in found} - {''})
    if not names:
        raise ValueError(
            f'scenes: no file matches {dict(patterns)}, where {PLACE} stands '
            f'for the name of a scene (relative paths start at {os.getcwd()})'
        )
    scenes = []
    for scene in names:
        rasters = {}
        for name, parts in files.items():
            paths = [p.get(scene, p.get('')) for p in parts]
            if None not in paths:
                rasters[name] = paths if len(paths) > 1 else paths[0]
            elif any(scene in part for part in parts):
                raise ValueError(
                    f'scene {scene}: {name} lacks a file of '
                    f'{patterns[name]}: complete it, or take it away'
                )
        scenes.append(Scene(scene, rasters))
    return scenes


def _matches(pattern: str) -> dict[str, str]:
    """Find files: name of the scene -> path; '' is the name of all."""
    if PLACE not in pattern:
        return {'': pattern}
    first, *others = pattern.split(PLACE)
    found = glob.glob('*'.join(glob.escape(p) for p in (first, *others)))
    text = re.escape(first) + r'(?P<scene>[^/\\]+)'
    text += r'(?P=scene)'.join(re.escape(part) for part in others)
    matches = ((re.fullmatch(text, path), path) for path in found)
    return {m['scene']: path for m, path in matches if m}


def _check_names(names: Sequence[str], path: str) -> None:
    """Names become names of files: each once, and nothing but a name."""
    wrong = [
        n for n in names if not n or n in ('.', '..') or set(n) & {*'/\\'}
    ]
    twice = sorted({n for n in names if names.count(n) > 1})
    if wrong or twice:
        raise ValueError(
            f'{path}: every scene needs a name of its own that can be part of '
            f'a file name, got {wrong or twice}'
        )


def share_of_process(scenes: Iterable[Scene]) -> list[Scene]:
    """Take the scenes of this process out of those of all.

    torchrun, and whatever sets its variables of the environment (``RANK``,
    ``WORLD_SIZE``, ...), starts several; alone, a process has them all.
    """
    rank = int(os.environ.get('RANK', 0))
    count = int(os.environ.get('WORLD_SIZE', 1))
    return list(scenes)[rank::count]
