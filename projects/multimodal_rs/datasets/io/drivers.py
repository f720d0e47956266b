"""Drivers of GDAL that a file may be opened with.

Some formats are documents that name other files or addresses: GDAL then reads
those. A file is one of them only if its name says so.
"""

import os

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
    '.zarr': ('Zarr',),
}


def allowed_drivers(path: str) -> list[str]:
    """List the drivers that a path stands for.

    Who trains on VRTs declares ``suffix='.vrt'``; whoever gives a scene as a
    VRT names a file that ends like that.

    Args:
        path: The name of the file; its content is not looked at.
    """
    ending = os.path.splitext(path)[1].lower()
    return [*PLAIN, *NAMED.get(ending, ())]
