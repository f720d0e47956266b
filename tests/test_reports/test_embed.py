"""What is embedded is the picture."""

import base64
import io

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from multimodal_rs.reports import embed


def decoded(uri):
    kind, _, content = uri.partition(';base64,')
    return kind, base64.b64decode(content)


def pixels(uri):
    return np.asarray(Image.open(io.BytesIO(decoded(uri)[1])))


def test_classes_have_their_colours_and_nothing_is_transparent():
    ids = np.array([[0, 1], [255, 1]], np.uint8)
    found = pixels(embed.coloured(ids, {0: (10, 20, 30), 1: (40, 50, 60)}))
    assert found.shape == (2, 2, 4)
    assert found[0, 0].tolist() == [10, 20, 30, 255]
    assert found[1, 1].tolist() == [40, 50, 60, 255]
    assert found[1, 0, 3] == 0


def test_drawings_are_exact_and_photographs_close():
    random = np.random.default_rng(0)
    image = random.integers(0, 255, (8, 9, 3), np.uint8)
    assert (pixels(embed.drawing(image)) == image).all()
    flat = np.full((8, 8, 3), 90, np.uint8)
    kind, _ = decoded(embed.photograph(flat))
    assert kind == 'data:image/jpeg'
    assert np.abs(pixels(embed.photograph(flat)).astype(int) - 90).max() < 3


def test_a_file_is_embedded_as_it_is(tmp_path):
    Image.new('RGB', (3, 2)).save(tmp_path / 'a.png')
    kind, content = decoded(embed.picture_file(tmp_path / 'a.png'))
    assert kind == 'data:image/png'
    assert content == (tmp_path / 'a.png').read_bytes()


def test_equal_charts_give_equal_text():
    def make():
        figure = Figure()
        figure.subplots().plot([1, 2], label='a')
        return embed.chart(figure)

    assert make() == make()
    kind, content = decoded(make())
    assert kind == 'data:image/svg+xml' and b'<svg' in content
