"""Files that hold several rasters: pages of a TIFF, variables of netCDF."""

from collections.abc import Sequence


def several_rasters(path: str, parts: Sequence[str]) -> ValueError:
    """Make the error for a file of which GDAL would take the first raster.

    Args:
        path: The file.
        parts: Names of its rasters, as GDAL has them.
    """
    # rasterio sorts them as texts: page 1, 10, 11, 2.
    names = sorted(parts, key=lambda name: (_page(name), name))
    some = ', '.join(names[:4]) + ', ...' * (len(names) > 4)
    return ValueError(
        f'{path} holds {len(names)} rasters (pages of a TIFF, variables): '
        f'expected one with all its bands, got {some}. Name the one you want '
        'in the place of the file (in a scene also several, one per band), '
        'or write it into a file of its own: '
        f'`rio convert {names[-1]} NEW.tif`'
    )


def _page(name: str) -> int:
    kind, _, rest = name.partition(':')
    number = rest.partition(':')[0]
    return int(number) if kind == 'GTIFF_DIR' and number.isdigit() else 0
