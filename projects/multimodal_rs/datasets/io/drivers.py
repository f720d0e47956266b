"""Drivers of GDAL that a file, or a part of a file, may be opened with.

Some formats are documents that name other files or addresses: GDAL then reads
those. A file is one of them only if its name says so.
"""

import os
import re

# They read what is in the file, or beside it under its name.
PLAIN = (
    *('GTiff', 'PNG', 'JPEG', 'JP2OpenJPEG', 'JP2KAK', 'JP2ECW', 'JP2MrSID'),
    *('HFA', 'ENVI', 'EHdr', 'BMP', 'GIF', 'PNM', 'WEBP', 'AAIGrid', 'XYZ'),
    *('SRTMHGT', 'DTED', 'RST', 'SAGA', 'USGSDEM'),
)
NAMED = {
    '.vrt': ('VRT',),
    '.nc': ('netCDF', 'HDF5', 'HDF5Image'),
    '.h5': ('HDF5', 'HDF5Image'),
    '.hdf5': ('HDF5', 'HDF5Image'),
    '.hdf': ('HDF4', 'HDF4Image'),
    '.grb': ('GRIB',),
    '.grb2': ('GRIB',),
    '.mrf': ('MRF',),
    '.gpkg': ('GPKG',),
}
# One of several rasters in a file, as GDAL names it.
PARTS = {
    'NETCDF': (r'"?(?P<file>.+?)"?:[^:/]+', 'netCDF'),
    'HDF5': (r'"?(?P<file>.+?)"?://.+', 'HDF5Image'),
    'GTIFF_DIR': (r'(off:)?\d+:(?P<file>.+)', 'GTiff'),
}


def allowed_drivers(path: str) -> list[str]:
    """List the drivers that a path stands for.

    Who trains on VRTs declares ``suffix='.vrt'``; whoever gives a scene as a
    VRT names a file that ends like that.

    Args:
        path: The name of the file, or of a part of one; its content is not
            looked at.
    """
    if file_of_part(path) is not None:
        return [PARTS[_kind(path)][1]]
    ending = os.path.splitext(path)[1].lower()
    return [*PLAIN, *NAMED.get(ending, ())]


def file_of_part(path: str) -> str | None:
    """Get the file from the name of a part, such as ``NETCDF:a.nc:band``.

    None: it is the name of a file.
    """
    if _kind(path) not in PARTS or os.path.exists(path):
        return None
    pattern, _ = PARTS[_kind(path)]
    found = re.fullmatch(pattern, path.partition(':')[2])
    return found['file'] if found else None


def _kind(path: str) -> str:
    return path.partition(':')[0].upper()
