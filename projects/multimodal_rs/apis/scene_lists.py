"""Lists of scenes: a table, or a pattern of file names."""

import csv
import glob
import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import rasterio
from rasterio.errors import RasterioIOError

from multimodal_rs.apis.outputs import PLACE, SceneOutputs
from multimodal_rs.datasets.io.arrays import variable_of
from multimodal_rs.datasets.io.drivers import file_of_part
from multimodal_rs.datasets.io.raster import (
    is_virtual,
    raster_exists,
    raster_session,
)
from multimodal_rs.inference.rasters import Source
from multimodal_rs.utils.damage import damaged, reading
from multimodal_rs.version import PROGRAM

NAME = 'scene'
SEPARATOR = ';'  # between the files of a modality with a file per band
NAMED = r'(?P<scene>[^/\\]+)'  # a name is part of that of a file or folder
LOG = logging.getLogger(__name__)


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
    outputs: SceneOutputs | None = None,
) -> list[Scene]:
    """Find scenes by the names of their files.

    What an earlier run has made of one scene may match the pattern as well:
    with ``sd/{scene}.tif`` and the output ``sd/{scene}_map.tif``, the map of
    the scene ``a`` is no scene ``a_map``.

    Args:
        patterns: Modality -> its file (or a file per band), with ``{scene}``
            where the name of the scene stands: part of the name of a file or
            folder. A scene has the modalities whose files are there. A file
            without ``{scene}`` belongs to all. In archives, and behind
            addresses, files are not searched: they are looked for under the
            names that other modalities have given.
        outputs: What is made of them. Files that have the name of such an
            output of another scene are left out, if they are rasters that
            this program has written.

    Returns:
        The scenes, by name.

    Raises:
        ValueError: If there is none, none has a file of a modality, or one
            lacks some of the bands of a modality.
    """
    files = {
        name: [_matches(pattern) for pattern in _each(several)]
        for name, several in patterns.items()
    }
    if outputs is not None:
        _leave_out(files, outputs)
    every = [found for parts in files.values() for found in parts]
    names = sorted({n for found in every for n in found} - {''})
    _look_up(files, patterns, names)
    nowhere = {n: patterns[n] for n, parts in files.items() if not any(parts)}
    if nowhere or not names:
        raise ValueError(
            f'scenes: no file matches {nowhere or dict(patterns)}, where '
            f'{PLACE} stands for the name of a scene (relative paths start at '
            f'{os.getcwd()}): correct it, or leave it out; if all files are '
            'in archives or behind addresses, name the scenes in a table '
            '(--scenes)'
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


def _each(patterns: str | Sequence[str]) -> Sequence[str]:
    return [patterns] if isinstance(patterns, str) else patterns


def _matches(pattern: str) -> dict[str, str]:
    """Find files: name of the scene -> path; '' is the name of all."""
    if PLACE not in pattern:
        return {'': pattern}
    if not _is_searched(pattern):
        return {}
    # As glob answers: $DIR/{scene}.tif has two if DIR ends with one.
    pattern = re.sub('(?<=[^/])/+', '/', pattern)
    pattern, variable = variable_of(pattern)
    end = f':{variable}' if variable else ''
    found = glob.glob('*'.join(map(glob.escape, pattern.split(PLACE))))
    matches = ((_with_place(pattern).fullmatch(p), p) for p in found)
    return {m['scene']: path + end for m, path in matches if m}


def _is_searched(pattern: str) -> bool:
    return not is_virtual(pattern) and file_of_part(pattern) is None


def _look_up(
    files: Mapping[str, Sequence[dict[str, str]]],
    patterns: Mapping[str, str | Sequence[str]],
    names: Sequence[str],
) -> None:
    """Add the files of known scenes that are not searched."""
    for name, parts in files.items():
        for pattern, found in zip(_each(patterns[name]), parts, strict=True):
            if PLACE in pattern and not _is_searched(pattern):
                paths = {n: pattern.replace(PLACE, n) for n in names}
                found |= {n: p for n, p in paths.items() if raster_exists(p)}


def _with_place(pattern: str) -> re.Pattern:
    """Make the regular expression of a name with ``{scene}``."""
    first, *others = map(re.escape, pattern.split(PLACE))
    return re.compile(first + NAMED + r'(?P=scene)'.join(others))


def _leave_out(
    files: Mapping[str, Sequence[dict[str, str]]], outputs: SceneOutputs
) -> None:
    """Take those files away that an earlier run has made of other scenes."""
    made = [os.fspath(path) for path in outputs.writes().values() if path]
    made = [_with_place(os.path.abspath(p)) for p in made if PLACE in p]
    count = 0
    for found in (found for parts in files.values() for found in parts):
        for scene, path in list(found.items()):
            matches = (p.fullmatch(os.path.abspath(path)) for p in made)
            others = any(m and m['scene'] != scene for m in matches)
            if scene and others and _is_ours(path):
                del found[scene]
                count += 1
    if count:
        LOG.info('%d files are outputs of this command, and no scenes', count)


def _is_ours(path: str) -> bool:
    """Whether this program has written a raster: a map, or a preview."""
    try:
        with raster_session(), rasterio.open(path) as file:
            tags = file.tags()
            names = (tags.get(key, '') for key in ('software', 'Software'))
            return any(name.startswith(PROGRAM) for name in names)
    except RasterioIOError:
        return False


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
