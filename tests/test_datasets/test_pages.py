"""A TIFF of several pages is refused, and the way to read one works."""

import re
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.rio.main import main_group

from multimodal_rs.datasets.io.raster import read_raster


def test_pages_are_named_and_can_be_taken_out(tmp_path: Path) -> None:
    path = tmp_path / 'pages.tif'
    first, *others = (
        Image.fromarray(np.full((8, 9), i, np.uint8)) for i in (3, 4, 5)
    )
    first.save(path, save_all=True, append_images=others)
    with pytest.raises(ValueError, match='pages.tif holds 3 rasters') as error:
        read_raster(str(path))
    (command,) = re.findall('`rio (.*) NEW.tif`', str(error.value))
    page = tmp_path / 'page.tif'
    main_group([*command.split(), str(page)], standalone_mode=False)
    assert (read_raster(str(page)).data == 5).all()


def test_overviews_and_masks_are_no_pages(tmp_path: Path) -> None:
    path = tmp_path / 'overviews.tif'
    data = np.arange(512 * 512, dtype=np.float32).reshape(1, 512, 512)
    profile = dict(count=1, height=512, width=512, dtype='float32')
    with rasterio.open(path, 'w', driver='GTiff', **profile) as file:
        file.write(data)
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, 'r+') as file,
    ):
        file.write_mask(data[0] > 5)
        file.build_overviews([2, 4])
    assert (read_raster(str(path)).data == data).all()
