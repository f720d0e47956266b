"""Names of the maps of errors in a folder: of one map, or of several."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import rasterio
from rasterio.errors import RasterioIOError

from multimodal_rs.datasets.io.raster import raster_session
from multimodal_rs.inference.maps import SIDECARS, Layer
from multimodal_rs.visualization.composites import RIGHT, WRONG

ERRORS = Layer(
    'errors of the map',
    ('errors',),
    classes={0: ('right', RIGHT), 1: ('wrong', WRONG)},
)
ERROR_MAP = 'errors.tif'  # of a single map


def error_names(paths: Sequence[str]) -> list[str]:
    """Name the maps of errors of several maps, each by its map.

    ``maps/alps.tif`` has ``errors_alps.tif``; where maps in different folders
    have one name, folders are part of all: ``a/map.tif`` has
    ``errors_a_map.tif``.

    Raises:
        ValueError: If there is no name for each, as only the endings differ.
    """
    parts = [
        Path(os.path.abspath(path)).with_suffix('').parts for path in paths
    ]
    twice = ''
    for depth in range(1, max(map(len, parts)) + 1):
        names = ['_'.join(p[-depth:]).strip(os.sep) for p in parts]
        # Some disks ignore case.
        (first, count), *_ = Counter(map(str.casefold, names)).most_common(1)
        if count == 1:
            return [f'errors_{name}.tif' for name in names]
        twice = twice or first
    same = [
        path
        for path, name in zip(paths, names, strict=True)
        if name.casefold() == first
    ]
    raise ValueError(
        f'accuracy: expected maps of different names, got {same}, whose maps '
        f'of errors would all be errors_{twice}.tif: rename one of the maps'
    )


def with_sidecars(names: Iterable[str]) -> Iterator[str]:
    """List maps, and what lies beside each."""
    for name in names:
        yield name
        yield from (f'{name}{suffix}' for suffix in SIDECARS)


def earlier_error_maps(folder: str | os.PathLike) -> list[str]:
    """Find maps of errors of several maps that a comparison has left."""
    found = sorted(Path(folder).glob('errors_*.tif'))
    return [path.name for path in found if _is_one(path)]


def _is_one(path: Path) -> bool:
    try:
        with raster_session(), rasterio.open(path) as file:
            return file.tags().get('product') == ERRORS.product
    except RasterioIOError:
        return False
