"""Whether a file is as large as its header says.

Beyond the end of some formats GDAL reads zeros, without a word: of ENVI
images, classic netCDF files, and small images of EHdr and PNM.
"""

import os

import numpy as np
from rasterio.io import DatasetReader

from multimodal_rs.utils.damage import FAILURES, damaged, first_cause

PLAIN = ('ENVI', 'EHdr', 'PNM')  # headers, and pixels without compression
CLASSIC = (b'CDF\x01', b'CDF\x02')
HEADER = (
    'a header (.hdr) that describes the file: it belongs to another file, or '
    'its samples, lines, bands, data type or header offset are wrong'
)


def check_pixels(path: str, file: DatasetReader, expected: str) -> None:
    """Compare the size of a file without compression with its header.

    Args:
        path: What was opened.
        file: The same, opened; of other formats, nothing is checked.
        expected: What it should be, for the message.

    Raises:
        DamagedFileError: If it is smaller; of ENVI images also if it is
            larger, then the header is another one.
    """
    if file.driver not in PLAIN or file.dtypes[0].startswith('complex'):
        return  # complex images are refused when they are read
    header = file.tags(ns='ENVI')
    if header.get('file_compression', '0') != '0':
        return
    described = file.count * file.height * file.width
    described *= np.dtype(file.dtypes[0]).itemsize
    described += int(header.get('header_offset', 0))
    size = os.path.getsize(path)
    found = f'its header describes {described} bytes, it has {size}'
    if size < described:
        raise damaged(path, found, expected)
    if size > described and file.driver == 'ENVI':
        raise damaged(path, found, HEADER)


def check_netcdf(path: str, expected: str) -> None:
    """Look whether a classic netCDF file has all of its variables.

    Those of netCDF-4 are in HDF5, whose library looks for itself.

    Raises:
        DamagedFileError: If a variable reaches beyond its end.
    """
    with open(path, 'rb') as file:
        if file.read(4) not in CLASSIC:
            return
    from scipy.io import netcdf_file

    try:
        # Finds the place of each variable in the file, and reads none.
        netcdf_file(path, mmap=True).close()
    except FAILURES as error:
        found = f'it ends before its variables do ({first_cause(error)})'
        raise damaged(path, found, expected) from error
