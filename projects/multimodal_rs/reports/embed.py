"""Pictures as data URIs, so that a page needs no other file."""

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from multimodal_rs.utils.labels import IGNORED

JPEG_QUALITY = 85


def photograph(pixels: np.ndarray) -> str:
    """Embed (H, W, 3) uint8 RGB of measurements, as JPEG."""
    return _image(Image.fromarray(pixels), 'jpeg', quality=JPEG_QUALITY)


def drawing(pixels: np.ndarray) -> str:
    """Embed (H, W, 3 or 4) uint8 RGB(A) with sharp edges, as PNG."""
    return _image(Image.fromarray(pixels), 'png', optimize=True)


def coloured(ids: np.ndarray, colours: Mapping[int, Sequence[int]]) -> str:
    """Embed numbers in their colours, transparent where there is none.

    Args:
        ids: (H, W), numbers from 0 on; 255 stands for nothing.
        colours: Number -> (R, G, B).
    """
    table = np.zeros((max(IGNORED, int(ids.max())) + 1, 4), np.uint8)
    for number, colour in colours.items():
        if number < len(table) and number != IGNORED:
            table[number] = (*colour, 255)
    return drawing(table[ids])


def picture_file(path: Path) -> str:
    """Embed a PNG file as it is."""
    return _uri('image/png', path.read_bytes())


def chart(figure: Figure) -> str:
    """Embed a figure of matplotlib as SVG; equal figures give equal text."""
    buffer = io.BytesIO()
    with matplotlib.rc_context({'svg.hashsalt': 'multimodal_rs'}):
        figure.savefig(
            buffer, format='svg', metadata={'Date': None}, bbox_inches='tight'
        )
    return _uri('image/svg+xml', buffer.getvalue())


def _image(image: Image.Image, kind: str, **options: int) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return _uri(f'image/{kind}', buffer.getvalue())


def _uri(kind: str, content: bytes) -> str:
    return f'data:{kind};base64,{base64.b64encode(content).decode()}'
