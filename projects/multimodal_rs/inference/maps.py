"""Cloud-optimised GeoTIFFs, written from top to bottom.

Rows go into an ordinary GeoTIFF beside the target, so that memory does not
grow with the height. GDAL adds the overviews and copies it into the layout of
a cloud-optimised one, which wants them in front; for that moment the disk
holds the file twice. What is only there for a while is compressed quickly.
"""

import contextlib
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import rasterio
import rasterio.shutil
from rasterio._err import CPLE_BaseError
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.raster import check_written
from multimodal_rs.utils.files import write_text, writing
from multimodal_rs.utils.labels import IGNORED

NODATA = IGNORED
Colour = tuple[int, int, int]
SIDECARS = ('.ovr', '.msk', '.aux.xml')  # what programs keep beside a map
BLOCK = 256  # pixels; height and width of the blocks in a file
PACKED = dict(compress='deflate', BIGTIFF='IF_SAFER')


@dataclass(frozen=True)
class Layer:
    """A raster of 8 bits, nodata 255.

    Attributes:
        product: What it is, for the tags of the file.
        bands: Names of its bands.
        unit: Of its numbers; '' for classes.
        classes: Number -> name and colour, where numbers mean classes; empty
            for measures.
    """

    product: str
    bands: tuple[str, ...]
    unit: str = ''
    classes: Mapping[int, tuple[str, Colour]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Names of the classes by number, '' for those that mean nothing."""
        last = max(self.classes, default=-1)
        return [self.classes.get(i, ('',))[0] for i in range(last + 1)]


class RowWriter:
    """Write rows in whole rows of blocks, each block once.

    Args:
        file: Open for writing.
    """

    def __init__(self, file: rasterio.io.DatasetWriter) -> None:
        self.file = file
        self.row = 0
        self.pending = np.zeros((file.count, 0, file.width), np.uint8)

    def add(self, rows: np.ndarray) -> None:
        """Append rows, (bands, rows, W) uint8."""
        self.pending = np.concatenate([self.pending, rows], axis=1)
        self._write(self.pending.shape[1] // BLOCK * BLOCK)

    def finish(self) -> None:
        """Write what is left, less than a row of blocks."""
        self._write(self.pending.shape[1])

    def _write(self, count: int) -> None:
        if count == 0:
            return
        window = (self.row, self.row + count), (0, self.file.width)
        with writing_raster(self.file.name):
            self.file.write(self.pending[:, :count], window=window)
        self.pending = self.pending[:, count:].copy()
        self.row += count


@contextlib.contextmanager
def layer_file(
    path: str | os.PathLike,
    grid: Grid,
    layer: Layer,
    tags: Mapping[str, str],
) -> Iterator[RowWriter]:
    """Open the raster of a layer; it is complete after the block.

    It has uint8 bands, nodata 255, overviews (the most frequent class, or
    the mean of measures), and where numbers mean classes a colour table and
    their names as tags ``CLASS_<number>`` of the band.

    Args:
        path: GeoTIFF to write.
        grid: Of the scene.
        layer: What it holds.
        tags: Name -> text, for the file.
    """
    rows = Path(f'{os.fspath(path)}.rows.tif')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', NotGeoreferencedWarning)
            with row_file(rows, grid, len(layer.bands)) as file:
                _describe(file, layer, tags)
                writer = RowWriter(file)
                yield writer
                writer.finish()
            check_written(rows)
            how = Resampling.mode if layer.classes else Resampling.average
            with writing_raster(path):
                _optimise(rows, path, how)
            check_written(path)
    finally:
        rows.unlink(missing_ok=True)


def row_file(path: Path, grid: Grid, count: int) -> rasterio.io.DatasetWriter:
    """Open a tiled GeoTIFF of uint8 bands for writing, nodata 255."""
    height, width = grid.size
    return rasterio.open(
        path,
        'w',
        driver='GTiff',
        dtype='uint8',
        count=count,
        height=height,
        width=width,
        crs=grid.crs,
        transform=grid.transform,
        nodata=NODATA,
        tiled=True,
        blockxsize=BLOCK,
        blockysize=BLOCK,
        interleave='band',
        zlevel=1,
        **PACKED,
    )


def write_category_names(
    path: str | os.PathLike, names: Sequence[str]
) -> None:
    """Write the class names where GDAL and QGIS look for categories.

    A GeoTIFF has no place for them; GDAL keeps them in ``<path>.aux.xml``.
    """
    lines = ''.join(
        f'      <Category>{escape(name)}</Category>\n' for name in names
    )
    write_text(
        f'{os.fspath(path)}.aux.xml',
        '<PAMDataset>\n  <PAMRasterBand band="1">\n    <CategoryNames>\n'
        f'{lines}'
        '    </CategoryNames>\n  </PAMRasterBand>\n</PAMDataset>\n',
    )


def write_sidecars(path: str | os.PathLike, layer: Layer) -> None:
    """Renew what GDAL and QGIS keep beside a map of this name.

    Pyramids and statistics of an earlier map would be shown for the new one.
    """
    for suffix in SIDECARS:
        Path(f'{os.fspath(path)}{suffix}').unlink(missing_ok=True)
    if layer.classes:
        write_category_names(path, layer.names)


def writing_raster(
    path: str | os.PathLike,
) -> contextlib.AbstractContextManager[None]:
    """Say which file it is that cannot be written.

    rasterio lets GDAL's own errors through where it copies files and builds
    overviews; they have no public name.
    """
    return writing(path, (RasterioError, CPLE_BaseError))


def _describe(
    file: rasterio.io.DatasetWriter, layer: Layer, tags: Mapping[str, str]
) -> None:
    file.update_tags(product=layer.product, **tags)
    for band, name in enumerate(layer.bands, 1):
        file.set_band_description(band, name)
        if layer.unit:
            file.set_band_unit(band, layer.unit)
    if layer.classes:
        table = layer.classes.items()
        colours = {number: (*colour, 255) for number, (_, colour) in table}
        file.write_colormap(1, {**colours, NODATA: (0, 0, 0, 0)})
        names = {f'CLASS_{number}': name for number, (name, _) in table}
        file.update_tags(1, **names)


def _optimise(
    rows: Path, path: str | os.PathLike, resampling: Resampling
) -> None:
    """Add overviews to a GeoTIFF and copy it into a cloud-optimised one."""
    with rasterio.open(rows, 'r+') as file:
        longest = max(file.shape)
        factors = [
            2**n for n in range(1, 32) if longest > BLOCK * 2 ** (n - 1)
        ]
        if factors:
            file.build_overviews(factors, resampling)
    rasterio.shutil.copy(
        rows,
        os.fspath(path),
        driver='COG',
        blocksize=BLOCK,
        overviews='AUTO',  # those that it has
        **PACKED,
    )
