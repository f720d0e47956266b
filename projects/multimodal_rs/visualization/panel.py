"""Pictures of tiles: modalities, label, prediction and errors side by side.

A sheet has one row per tile, one column per kind of picture, and a legend. A
picture of a single tile is a sheet with one row.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from multimodal_rs.datasets.modality import Modality
from multimodal_rs.utils.files import atomic_path, writing
from multimodal_rs.utils.labels import IGNORED
from multimodal_rs.version import SOFTWARE
from multimodal_rs.visualization.composites import (
    RIGHT,
    WRONG,
    colorize,
    composite,
    error_map,
    hatch,
)

MARGIN = 24
GAP = 12
INK = (32, 36, 40)
SOFT_INK = (104, 110, 116)
FRAME = (200, 204, 208)
VOID = (246, 247, 248)
TITLE_SIZE = 22
HEADING_SIZE = 16
TEXT_SIZE = 14
SMALL_SIZE = 12
SWATCH = 16
LINE = 26  # height of a caption, of a line of the legend
TITLE_HEIGHT = 40
HEADING_HEIGHT = 46
LEAST_WIDTH = 420


class Picture(NamedTuple):
    """One picture of a tile.

    Attributes:
        title: Heading of its column.
        pixels: (H, W, 3) uint8 RGB; None: the tile lacks it.
        subtitle: Second line of the heading.
        smooth: Reduce it by averaging (measurements) instead of taking the
            nearest pixel (classes).
    """

    title: str
    pixels: np.ndarray | None
    subtitle: str = ''
    smooth: bool = False


class Row(NamedTuple):
    """The pictures of a tile.

    Attributes:
        title: Its id.
        pictures: From left to right.
        note: What else to say about the tile.
    """

    title: str
    pictures: tuple[Picture, ...]
    note: str = ''


def tile_row(
    title: str,
    images: Mapping[str, np.ndarray],
    modalities: Mapping[str, Modality],
    palette: Sequence[Sequence[int]],
    label: np.ndarray | None = None,
    prediction: np.ndarray | None = None,
    map_title: str = 'prediction',
    alone: Mapping[str, np.ndarray | None] | None = None,
) -> Row:
    """Draw everything that is known about a tile.

    Args:
        title: Id of the tile.
        images: (C, H, W) per modality that the tile has, in the units after
            the value transforms, NaN where invalid.
        modalities: All declarations; those without an image are absent.
        palette: (R, G, B) of every class.
        label: (H, W) train ids, 255 ignored.
        prediction: (H, W) train ids.
        map_title: Heading of the prediction.
        alone: (H, W) train ids that single modalities predict; None for one
            that the tile lacks.
    """
    pictures = []
    for name, modality in modalities.items():
        pixels = None
        if name in images:
            pixels = composite(images[name], modality)
        pictures.append(Picture(name, pixels, _bands(modality), smooth=True))
    if label is not None:
        pictures.append(Picture('label', colorize(label, palette)))
    if prediction is not None:
        pictures.append(Picture(map_title, colorize(prediction, palette)))
    alone = alone or {}
    for name, ids in alone.items():
        pixels = None if ids is None else colorize(ids, palette)
        pictures.append(Picture(f'{name} alone', pixels))
    note = ''
    if label is not None and prediction is not None:
        pixels = error_map(label, prediction)
        whose = 'of the fused prediction' if alone else ''
        pictures.append(Picture('errors', pixels, whose))
        note = _note(label, prediction, alone)
    return Row(title, tuple(pictures), note)


def share_wrong(label: np.ndarray, prediction: np.ndarray) -> float | None:
    """Compare (H, W) train ids; None: no pixel has a label."""
    counted = label != IGNORED
    if not counted.any():
        return None
    return float(np.mean(label[counted] != prediction[counted]))


def _note(
    label: np.ndarray,
    prediction: np.ndarray,
    alone: Mapping[str, np.ndarray | None],
) -> str:
    """Say how much is wrong: ``9.8% wrong (alone: opt 12.0%, sar 31.5%)``."""
    wrong = share_wrong(label, prediction)
    if wrong is None:
        return ''
    single = [
        f'{name} {share_wrong(label, ids):.1%}'
        for name, ids in alone.items()
        if ids is not None
    ]
    note = f'{wrong:.1%} wrong'
    return f'{note} (alone: {", ".join(single)})' if single else note


def contact_sheet(
    rows: Sequence[Row],
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    title: str = '',
    cell: int = 256,
) -> np.ndarray:
    """Draw tiles below each other, with headings and a legend.

    Args:
        rows: One per tile.
        classes: Names for the legend.
        palette: (R, G, B) of every class.
        title: Heading of the sheet.
        cell: Longest side of a picture in pixels. Smaller pictures grow by a
            whole number as far as it allows, larger ones shrink to it.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ValueError: If there is no row.
    """
    if not rows:
        raise ValueError('contact_sheet: expected at least one row, got none')
    rows = [fit(row, cell) for row in rows]
    sizes = [_row_size(row, cell) for row in rows]
    columns = _columns(rows)
    column_width = max(width for _, width in sizes)
    inner = max(len(columns) * (column_width + GAP) - GAP, LEAST_WIDTH)
    errors = any(c.title == 'errors' for c in columns)
    legend = _legend(classes, palette, errors, inner)
    head = MARGIN + (TITLE_HEIGHT if title else 0) + HEADING_HEIGHT
    body = sum(height + LINE + GAP for height, _ in sizes)
    foot = LINE * (1 + max(line for line, *_ in legend)) + MARGIN
    size = (inner + 2 * MARGIN, head + body + foot)
    sheet = Image.new('RGB', size, 'white')
    if title:
        draw = ImageDraw.Draw(sheet)
        _text(draw, (MARGIN, MARGIN), title, TITLE_SIZE, inner)
    _draw_headings(sheet, columns, (head - HEADING_HEIGHT, column_width))
    top = head
    for row, size in zip(rows, sizes, strict=True):
        _draw_row(sheet, row, size, columns, (top, column_width))
        top += size[0] + LINE + GAP
    _draw_legend(sheet, legend, top)
    return np.asarray(sheet)


def fit(row: Row, cell: int) -> Row:
    """Scale all pictures of a row to the size that a sheet shows them in.

    All get the size of the first; fitting twice changes nothing.
    """
    size = _row_size(row, cell)
    pictures = tuple(
        p
        if p.pixels is None
        else p._replace(pixels=_resized(p.pixels, size, p.smooth))
        for p in row.pictures
    )
    return row._replace(pictures=pictures)


def save_png(image: np.ndarray, target: str | os.PathLike) -> None:
    """Write (H, W, 3) uint8 RGB as PNG, completely or not at all.

    It names this program, as maps do in their tag ``software``.
    """
    said = PngInfo()
    said.add_text('Software', SOFTWARE)
    with atomic_path(target) as temporary, writing(target):
        Image.fromarray(image).save(temporary, format='PNG', pnginfo=said)


def _row_size(row: Row, cell: int) -> tuple[int, int]:
    """(H, W) of the pictures of a row."""
    shapes = [p.pixels.shape for p in row.pictures if p.pixels is not None]
    if not shapes:
        return cell, cell
    height, width, _ = shapes[0]
    longest = max(height, width)
    if longest <= cell:
        factor = cell // longest
        return height * factor, width * factor
    return (
        max(round(height * cell / longest), 1),
        max(round(width * cell / longest), 1),
    )


def _resized(
    pixels: np.ndarray, size: tuple[int, int], smooth: bool
) -> np.ndarray:
    if pixels.shape[:2] == size:
        return pixels
    shrinks = size[0] < pixels.shape[0]
    method = Image.Resampling.BOX if smooth and shrinks else 0
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize(size[::-1], method))


def _columns(rows: Sequence[Row]) -> list[Picture]:
    """First picture of every title, in order of appearance."""
    first = {}
    for row in rows:
        for picture in row.pictures:
            first.setdefault(picture.title, picture)
    return list(first.values())


def _draw_headings(
    sheet: Image.Image, columns: Sequence[Picture], place: tuple[int, int]
) -> None:
    """Write titles and subtitles; ``place``: top and width of a column."""
    top, width = place
    draw = ImageDraw.Draw(sheet)
    for number, column in enumerate(columns):
        left = MARGIN + number * (width + GAP)
        _text(draw, (left, top), column.title, HEADING_SIZE, width)
        below = (left, top + 22)
        _text(draw, below, column.subtitle, SMALL_SIZE, width, SOFT_INK)


def _draw_row(
    sheet: Image.Image,
    row: Row,
    size: tuple[int, int],
    columns: Sequence[Picture],
    place: tuple[int, int],
) -> None:
    """Draw the caption and the pictures of a tile.

    Args:
        sheet: To draw on.
        row: Fitted to ``size``.
        size: (H, W) of its pictures.
        columns: Of the sheet.
        place: Top of the row and width of a column.
    """
    top, column_width = place
    draw = ImageDraw.Draw(sheet)
    note_width = round(_font(TEXT_SIZE).getlength(row.note)) + GAP
    room = sheet.width - 2 * MARGIN - note_width
    end = _text(draw, (MARGIN, top + 4), row.title, TEXT_SIZE, room)
    note = (end + GAP, top + 4)
    _text(draw, note, row.note, TEXT_SIZE, note_width, SOFT_INK)
    top += LINE
    found = {p.title: p.pixels for p in row.pictures}
    for number, column in enumerate(columns):
        left = MARGIN + number * (column_width + GAP)
        box = (left, top, left + size[1] - 1, top + size[0] - 1)
        pixels = found.get(column.title)
        if pixels is None:
            draw.rectangle(box, fill=VOID)
            centre = (left + size[1] / 2, top + size[0] / 2)
            draw.text(
                centre, 'absent', SOFT_INK, _font(TEXT_SIZE), anchor='mm'
            )
        else:
            sheet.paste(Image.fromarray(pixels), (left, top))
        frame = (box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1)
        draw.rectangle(frame, outline=FRAME)


def _legend(
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    errors: bool,
    room: int,
) -> list[tuple[int, int, str, np.ndarray]]:
    """Place the entries: (line, left, text, swatch)."""
    placed = []
    line, left = 0, 0
    for text, swatch in _entries(classes, palette, errors):
        width = SWATCH + 8 + round(_font(TEXT_SIZE).getlength(text))
        if left and left + width > room:
            line, left = line + 1, 0
        placed.append((line, left, text, swatch))
        left += width + 2 * GAP
    return placed


def _entries(
    classes: Sequence[str], palette: Sequence[Sequence[int]], errors: bool
) -> Iterator[tuple[str, np.ndarray]]:
    flat = [*zip(classes, palette, strict=True)]
    if errors:
        flat += [('right', RIGHT), ('wrong', WRONG)]
    for text, colour in flat:
        yield text, np.full((SWATCH, SWATCH, 3), colour, np.uint8)
    yield 'invalid or ignored', hatch(SWATCH, SWATCH)


def _draw_legend(sheet: Image.Image, legend: Sequence, top: int) -> None:
    draw = ImageDraw.Draw(sheet)
    for line, left, text, swatch in legend:
        x, y = MARGIN + left, top + line * LINE + 4
        sheet.paste(Image.fromarray(swatch), (x, y))
        box = (x - 1, y - 1, x + SWATCH, y + SWATCH)
        draw.rectangle(box, outline=FRAME)
        middle = (x + SWATCH + 8, y + SWATCH / 2)
        draw.text(middle, text, INK, _font(TEXT_SIZE), anchor='lm')


def _text(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    size: int,
    room: int,
    colour: tuple[int, int, int] = INK,
) -> int:
    """Write one line, shortened to ``room`` pixels; return where it ends."""
    font = _font(size)
    if font.getlength(text) > room:
        while text and font.getlength(text + '...') > room:
            text = text[:-1]
        text += '...'
    draw.text(place, text, colour, font)
    return round(place[0] + font.getlength(text))


def _bands(modality: Modality) -> str:
    """Say which bands are shown: ``B04, B03, B02``, ``bands 3, 2, 1``."""
    names = modality.channel_names
    shown = [names[i] for i in modality.display_indices]
    text = ', '.join(map(str, shown))
    if all(isinstance(band, str) for band in shown):
        return text
    return f'band {text}' if len(shown) == 1 else f'bands {text}'


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size=size)
