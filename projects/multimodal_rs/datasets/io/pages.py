"""Files that hold several rasters: pages of a TIFF, variables of netCDF."""

import contextlib
from collections.abc import Callable

from multimodal_rs.datasets.io.grid import differences
from multimodal_rs.datasets.io.opened import OpenedRaster
from multimodal_rs.datasets.io.stacked import StackedRaster


def pages_as_bands(
    first: OpenedRaster, open_page: Callable[[str], OpenedRaster]
) -> OpenedRaster:
    """See the pages of a TIFF as bands, if they are alike and have one each.

    So tifffile and ImageJ write arrays (C, H, W).

    Args:
        first: The file, opened: its first page. ``pages`` has the names of
            all. Closed with the result, and if that is an error.
        open_page: Opens a page by its name.

    Raises:
        ValueError: If they differ, or it is no TIFF: GDAL would take the
            first raster of several.
    """
    names = list(first.pages)
    tiff = all(name.startswith('GTIFF_DIR:') for name in names)
    if tiff:  # rasterio sorts them as texts: 1, 10, 11, 2
        names.sort(key=lambda name: int(name.split(':')[1]))
    with contextlib.ExitStack() as stack:
        pages = [stack.enter_context(first)]
        if tiff:
            pages += [stack.enter_context(open_page(n)) for n in names[1:]]
        kinds = {(p.bands, *p.dtypes) for p in pages}
        grids = {f'page {i}': p.grid for i, p in enumerate(pages, start=1)}
        alike = len(kinds) == 1 and not differences(grids)
        if len(pages) > 1 and alike and first.bands == 1:
            stack.pop_all()  # they stay open
            return StackedRaster(pages, first.path)
    some = ', '.join(names[:4]) + ', ...' * (len(names) > 4)
    raise ValueError(
        f'{first.path} holds {len(names)} rasters (pages of a TIFF, '
        f'variables): expected one with all its bands, got {some}. Name the '
        'one you want in the place of the file, or write it into a file of '
        f'its own: `rio convert {names[-1]} NEW.tif`'
    )
