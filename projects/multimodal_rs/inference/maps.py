"""GeoTIFFs of classes and probabilities, written from top to bottom."""

import contextlib
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from multimodal_rs.datasets.io.raster import check_written
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.utils.files import write_text
from multimodal_rs.utils.labels import IGNORED

NODATA = IGNORED
BLOCK = 256  # pixels; height and width of the blocks in a file


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
        self.file.write(self.pending[:, :count], window=window)
        self.pending = self.pending[:, count:].copy()
        self.row += count


@contextlib.contextmanager
def class_map(
    path: str | os.PathLike,
    scene: SceneRasters,
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
) -> Iterator[RowWriter]:
    """Open the map of classes: one uint8 band of train ids, nodata 255.

    It has the grid of the scene, a colour table from the palette and the
    names as tags ``CLASS_<id>`` of the band.
    """
    with _geotiff(path, scene, 1) as file:
        colours = {i: (*map(int, c), 255) for i, c in enumerate(palette)}
        file.write_colormap(1, {**colours, NODATA: (0, 0, 0, 0)})
        names = {f'CLASS_{i}': name for i, name in enumerate(classes)}
        file.update_tags(1, **names)
        file.set_band_description(1, 'land cover')
        writer = RowWriter(file)
        yield writer
        writer.finish()


@contextlib.contextmanager
def probability_map(
    path: str | os.PathLike, scene: SceneRasters, classes: Sequence[str]
) -> Iterator[RowWriter]:
    """Open the map of probabilities: one uint8 band per class in percent.

    Whole percents take a quarter of the room of floats; nodata is 255.
    """
    with _geotiff(path, scene, len(classes)) as file:
        for band, name in enumerate(classes, 1):
            file.set_band_description(band, name)
            file.set_band_unit(band, 'percent')
        writer = RowWriter(file)
        yield writer
        writer.finish()


def write_category_names(
    path: str | os.PathLike, classes: Sequence[str]
) -> None:
    """Write the class names where GDAL and QGIS look for categories.

    A GeoTIFF has no place for them; GDAL keeps them in ``<path>.aux.xml``.
    """
    lines = ''.join(
        f'      <Category>{escape(name)}</Category>\n' for name in classes
    )
    write_text(
        f'{os.fspath(path)}.aux.xml',
        '<PAMDataset>\n  <PAMRasterBand band="1">\n    <CategoryNames>\n'
        f'{lines}'
        '    </CategoryNames>\n  </PAMRasterBand>\n</PAMDataset>\n',
    )


@contextlib.contextmanager
def _geotiff(
    path: str | os.PathLike, scene: SceneRasters, count: int
) -> Iterator[rasterio.io.DatasetWriter]:
    height, width = scene.size
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with rasterio.open(
            path,
            'w',
            driver='GTiff',
            dtype='uint8',
            count=count,
            height=height,
            width=width,
            crs=scene.grid.crs,
            transform=scene.grid.transform,
            nodata=NODATA,
            tiled=True,
            blockxsize=BLOCK,
            blockysize=BLOCK,
            interleave='band',
            compress='deflate',
            BIGTIFF='IF_SAFER',
        ) as file:
            file.update_tags(modalities=', '.join(scene.files))
            yield file
        check_written(path)


def remove_sidecars(path: str | os.PathLike) -> None:
    """Remove what GDAL and QGIS keep beside an earlier map of this name.

    Pyramids and statistics of the earlier map would be shown for the new one.
    """
    for suffix in ('.ovr', '.msk', '.aux.xml'):
        Path(f'{os.fspath(path)}{suffix}').unlink(missing_ok=True)
