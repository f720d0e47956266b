"""Checksums of PNG files, which GDAL does not compare."""

import os
import struct
import zlib

from multimodal_rs.utils.damage import check_claim, damaged, reading

SIGNATURE = b'\x89PNG\r\n\x1a\n'
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of each colour type
DEFLATE = 1032  # bytes that one byte can unpack to, at most


def check_png(path: str, expected: str) -> None:
    """Compare the checksum of every chunk, and the size with what it claims.

    Args:
        path: The file.
        expected: What it should be, for the message.

    Raises:
        DamagedFileError: If a chunk is damaged or missing, or the file is too
            small for its pixels. Other than a PNG is left to GDAL.
    """
    with open(path, 'rb') as file:
        data = file.read(len(SIGNATURE))
        if data != SIGNATURE:
            return
        data += file.read()
    with reading(path, expected):
        kinds = _check_chunks(path, data, expected)
        width, height, bits, colour = struct.unpack_from('>IIBB', data, 16)
        row = -(-width * CHANNELS[colour] * bits // 8)
    if kinds[0] != b'IHDR' or b'IDAT' not in kinds:
        raise damaged(path, f'its chunks are {kinds[:8]}', expected)
    if height * row > len(data) * DEFLATE:
        found = (
            f'it has {len(data)} bytes and claims {height} rows of {width} '
            'pixels'
        )
        raise damaged(path, found, expected)
    check_claim(path, height * row, expected)


def _check_chunks(
    path: str | os.PathLike, data: bytes, expected: str
) -> list[bytes]:
    """Walk over all chunks and get their kinds."""
    view = memoryview(data)
    start, kinds = len(SIGNATURE), []
    while not kinds or kinds[-1] != b'IEND':
        if start + 12 > len(data):
            raise damaged(path, 'the end of the PNG is missing', expected)
        (length,) = struct.unpack_from('>I', data, start)
        stop = start + 8 + length
        if stop + 4 > len(data):
            raise damaged(path, 'the end of the PNG is missing', expected)
        kind = data[start + 4 : start + 8]
        (checksum,) = struct.unpack_from('>I', data, stop)
        if zlib.crc32(view[start + 4 : stop]) != checksum:
            found = f'the checksum of the chunk at byte {start} is wrong'
            raise damaged(path, found, expected)
        kinds.append(kind)
        start = stop + 4
    return kinds
