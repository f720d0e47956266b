"""Blocks of a TIFF: which are missing, because nobody has written them.

GDAL gives zeros, or the nodata value, for a block without a place in the
file. So do files whose writer was killed.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from multimodal_rs.utils.damage import damaged, reading

MAGIC = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
BIG = 43  # version number of BigTIFF
# Type of the numbers of a tag, as the file and as numpy call it.
TYPES = {3: 'u2', 4: 'u4', 16: 'u8', 13: 'u4', 18: 'u8'}
WIDTH, HEIGHT, SAMPLES, ROWS, PLANAR = 256, 257, 277, 278, 284
TILE_WIDTH, TILE_HEIGHT = 322, 323
KIND = 254
NO_PAGE = 1 | 4  # bits of KIND for a reduced image and for a mask
OFFSETS, COUNTS = (324, 273), (325, 279)  # of tiles, of strips
WANTED = {
    *(WIDTH, HEIGHT, SAMPLES, ROWS, PLANAR, TILE_WIDTH, TILE_HEIGHT, KIND),
    *OFFSETS,
    *COUNTS,
}
LONGEST = 2**27  # numbers of a tag, a gigabyte of them


class Header(NamedTuple):
    """How the numbers of a TIFF are written."""

    order: str
    big: bool


def missing_blocks(path: str, expected: str) -> str:
    """Say how many blocks of a TIFF are missing, and where the first lies.

    Read are the directories of its pages, not their pixels, and nothing of
    masks and pyramids.

    Args:
        path: The file.
        expected: What it should be, for the message.

    Returns:
        A text; empty if none is missing, or the file is no TIFF.

    Raises:
        DamagedFileError: If blocks lie beyond the end of the file, or a
            directory is damaged.
    """
    with open(path, 'rb') as file:
        start = file.read(16)
        if start[:4] not in MAGIC:
            return ''
        header = Header('<' if start[:2] == b'II' else '>', BIG in start[2:4])
        with reading(path, expected):
            pages = list(_pages(file, header, start))
            end = file.seek(0, 2)
            found = [_page_blocks(tags) for tags in pages]
    for number, blocks in enumerate(found, start=1):
        text = _missing(path, blocks, end, expected)
        if text:
            return f'page {number}: {text}' if len(pages) > 1 else text
    return ''


class Blocks(NamedTuple):
    """The blocks of a page.

    Attributes:
        offsets: Where those begin that the directory names; None: it has no
            such tag.
        counts: Their bytes.
        planes: How often the grid of blocks is repeated, for single bands.
        across, down: Blocks of the grid.
        width, height: Pixels of a block.
    """

    offsets: np.ndarray | None
    counts: np.ndarray | None
    planes: int
    across: int
    down: int
    width: int
    height: int


def _page_blocks(tags: dict) -> Blocks:
    planes = int(_first(tags, SAMPLES, 1))
    planes = planes if _first(tags, PLANAR, 1) == 2 else 1
    offsets, counts = (_blocks(tags, t) for t in (OFFSETS, COUNTS))
    return Blocks(offsets, counts, planes, *_layout(tags))


def _missing(path: str, blocks: Blocks, end: int, expected: str) -> str:
    """Describe what one page lacks, see :func:`missing_blocks`."""
    offsets, counts, planes, across, down, width, height = blocks
    if offsets is None:
        raise damaged(path, 'it does not say where its blocks are', expected)
    total = across * down * planes
    if counts is None:
        counts = np.ones_like(offsets)
    n = min(len(offsets), len(counts), total)
    offsets, counts = (x[:n].astype(np.float64) for x in (offsets, counts))
    beyond = int(np.count_nonzero(offsets + counts > end))
    if beyond:
        found = f'{beyond} of {total} blocks lie beyond its end, byte {end}'
        raise damaged(path, found, expected)
    there = (offsets > 0) & (counts > 0)
    missing = total - int(np.count_nonzero(there))
    if not missing:
        return ''
    first = int(np.argmin(there)) if not there.all() else n
    plane, place = divmod(first, across * down)
    row, column = divmod(place, across)
    band = f' of band {plane + 1}' if planes > 1 else ''
    return (
        f'{missing} of {total} blocks were never written, the first is that '
        f'of row {row * height} and column {column * width}{band}'
    )


def _layout(tags: dict) -> tuple[int, int, int, int]:
    """Get blocks across and down, and width and height of a block."""
    columns, rows = int(tags[WIDTH][0]), int(tags[HEIGHT][0])
    width = int(_first(tags, TILE_WIDTH, columns))
    height = int(_first(tags, TILE_HEIGHT, _first(tags, ROWS, rows)))
    height = min(height, rows) if TILE_HEIGHT not in tags else height
    return -(-columns // width), -(-rows // height), width, height


def _blocks(tags: dict, names: tuple[int, int]) -> np.ndarray | None:
    return next((tags[n] for n in names if n in tags), None)


def _first(tags: dict, name: int, default: int) -> int:
    return tags[name][0] if name in tags and len(tags[name]) else default


def _pages(
    file: BinaryIO, header: Header, start: bytes
) -> Iterator[dict[int, np.ndarray]]:
    """Read the directories of the first image and of others like it."""
    order, big = header
    word, first = ('Q', 8) if big else ('I', 4)
    _whole(start[first : 2 * first], first, file)
    (place,) = struct.unpack_from(order + word, start, first)
    seen = set()
    while place and place not in seen:
        tags, following = _directory(file, header, place)
        if not seen or not int(_first(tags, KIND, 0)) & NO_PAGE:
            yield tags
        seen.add(place)
        place = following


def _directory(
    file: BinaryIO, header: Header, place: int
) -> tuple[dict[int, np.ndarray], int]:
    """Read the tags that say where the blocks are, and where to go on."""
    order, big = header
    word, entry = ('Q', 20) if big else ('I', 12)
    file.seek(place)
    size = 8 if big else 2
    (number,) = struct.unpack(order + 'HQ'[big], _read(file, size))
    # A directory has far fewer; the rest of a false number is not read.
    entries = _read(file, min(number, 4096) * entry)
    pointer = _read(file, struct.calcsize(order + word))
    layout = struct.Struct(order + 'HH' + word)
    tags = {}
    for i in range(0, len(entries) - entry + 1, entry):
        tag, kind, count = layout.unpack_from(entries, i)
        if tag not in WANTED:
            continue
        room = entries[i + layout.size : i + entry]
        tags[tag] = _numbers(file, header, kind, count, room)
    return tags, struct.unpack(order + word, pointer)[0]


def _numbers(
    file: BinaryIO, header: Header, kind: int, count: int, room: bytes
) -> np.ndarray:
    """Get the numbers of a tag; none where its writer was killed."""
    if kind == 0 or count == 0:
        return np.zeros(0, np.uint64)
    dtype = np.dtype(TYPES[kind]).newbyteorder(header.order)
    size = count * dtype.itemsize
    if size > len(room):
        if count > LONGEST:
            raise ValueError(f'a tag claims {count} numbers')
        file.seek(struct.unpack(header.order + 'IQ'[header.big], room)[0])
        room = _read(file, size)
    return np.frombuffer(room[:size], dtype, count)


def _read(file: BinaryIO, size: int) -> bytes:
    """Read so many bytes.

    Raises:
        ValueError: If the file has fewer.
    """
    return _whole(file.read(size), size, file)


def _whole(found: bytes, size: int, file: BinaryIO) -> bytes:
    if len(found) < size:
        end = file.seek(0, 2)
        raise ValueError(
            f'it is cut off: it ends at byte {end}, where it still has to say '
            'where its blocks are'
        )
    return found
