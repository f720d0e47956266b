"""Files that a map is made of, and what tells them from others.

A local file is known by its place, its size and its time of writing. Its place
is told from the folder of the map, links resolved: a project that moves as a
whole keeps its maps, and a raster of the same name in another folder is
another one. Of what lies behind an address only the name is known.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from multimodal_rs.datasets.io.arrays import variable_of
from multimodal_rs.datasets.io.drivers import file_of_part
from multimodal_rs.datasets.io.raster import ARRAYS, is_virtual, open_raster
from multimodal_rs.inference.grids import SceneGrid
from multimodal_rs.inference.rasters import Source, local_files

ARCHIVE = re.compile(r'(/vsi(zip|tar|gzip|7z|rar)/)+\{?(?P<inside>[^}]+)')
# As rasterio writes them: file://s1.tif, zip:///data/scene.zip!/s1.tif.
ADDRESS = re.compile(r'((zip|tar|gzip)(\+file)?|file)://(?P<file>[^!]+)')
LIST = '.vrt'  # ending of a raster that names others


def files_read(rasters: Mapping[str, Source], grid: SceneGrid) -> list[str]:
    """List all files of a scene, with those that rasters name.

    Args:
        rasters: The scene; arrays have no files.
        grid: May name a file whose grid the map has.

    Raises:
        FileNotFoundError: If a file does not exist.
        ValueError: If one cannot be opened.
    """
    found: dict[str, None] = {}
    for path in local_files(rasters):
        _add(path, found)
    if grid.like is not None and grid.like not in rasters:
        found[os.fspath(grid.like)] = None
    return list(found)


def with_sources(path: str) -> list[str]:
    """List a raster, and the files that it names if it is a VRT."""
    if not path.lower().endswith(LIST):
        return [path]
    found: dict[str, None] = {}
    _add(path, found)
    return list(found)


def _add(path: str, found: dict[str, None]) -> None:
    """Add a raster, what lies beside it, and the rasters that it names."""
    if path in found:
        return
    found[path] = None
    if is_virtual(path) or variable_of(path)[0].lower().endswith(ARRAYS):
        return
    with open_raster(path, of_scene=True) as file:
        names = list(file.file_names)
    for name in names:
        if name.lower().endswith(LIST):
            _add(name, found)
        found[name] = None


def identities(
    paths: Iterable[str], folder: str | os.PathLike
) -> list[list[str | int]]:
    """Tell files from others, as JSON has it.

    Args:
        paths: As GDAL names them.
        folder: From which places are told.

    Returns:
        Place, part of the file, bytes and time of writing in nanoseconds of
        each; of what is not on a disk its name.
    """
    return [_identity(path, folder) for path in paths]


def digest(identities: list[list[str | int]]) -> str:
    """Make one text of :func:`identities` that differs if any of them does."""
    text = json.dumps(identities)
    return hashlib.sha256(text.encode()).hexdigest()


def place(path: str | os.PathLike, folder: str | os.PathLike) -> str:
    """Say where a file lies, seen from a folder; links are resolved."""
    path, folder = (os.path.realpath(p) for p in (path, folder))
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive
        return path


def _identity(path: str, folder: str | os.PathLike) -> list[str | int]:
    file = _on_disk(path)
    if file is None:
        return [path]
    found = os.stat(file)
    before, _, after = path.rpartition(file)
    part = before + after  # GTIFF_DIR names a page before the file
    return [place(file, folder), part, found.st_size, found.st_mtime_ns]


def _on_disk(path: str) -> str | None:
    """Find the file that a raster lies in, or its archive; None: nowhere."""
    path, _ = variable_of(file_of_part(path) or path)
    address = ADDRESS.match(path)
    path = path if address is None else address['file']
    match = ARCHIVE.match(path)
    if match is None:
        return path if os.path.exists(path) else None
    inside = Path(match['inside'])
    archives = (str(p) for p in (inside, *inside.parents))
    return next((p for p in archives if os.path.isfile(p)), None)
