"""A page needs nothing else, and shows text as text."""

import re

import numpy as np
import pytest

from multimodal_rs.reports import embed
from multimodal_rs.reports.page import (
    Details,
    Gallery,
    Layer,
    Layers,
    LegendEntry,
    Page,
    Paragraph,
    Picture,
    Section,
    Table,
    render,
    write_page,
)

HOSTILE = '<script>alert("x")</script>'


def page(*blocks):
    return Page('A title', 'a day', [Section('one', 'One', blocks)])


def test_text_is_never_markup():
    picture = Picture(embed.drawing(np.zeros((2, 2, 3), np.uint8)), HOSTILE)
    legend = [LegendEntry(HOSTILE, '#ff0000', HOSTILE)]
    layer = Layer(HOSTILE, picture.source)
    text = render(
        page(
            Paragraph(HOSTILE),
            Table([HOSTILE], [[HOSTILE]], HOSTILE),
            Gallery([picture]),
            Layers([layer], [layer], legend, (2, 2)),
            Details(HOSTILE, HOSTILE),
        )
    )
    assert text.count('<script>') == 1  # the page's own
    assert 'alert("x")' not in text
    assert '&lt;script&gt;' in text


def test_nothing_is_loaded():
    picture = Picture(embed.drawing(np.zeros((2, 2, 3), np.uint8)), 'black')
    text = render(page(picture))
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert sources and all(s.startswith(('data:', '#')) for s in sources)
    assert "default-src 'none'" in text
    assert '@import' not in text and 'url(' not in text


def test_columns_of_numbers_are_set_to_the_right():
    rows = [['sea', '1.50', ''], ['5', '12 %', '3 ± 1']]
    table = Table(['name', 'share', 'score'], rows)
    assert table.numeric == [False, True, True]
    text = render(page(table))
    assert text.count('<td class="number">') == 4


def test_sections_without_blocks_are_left_out():
    sections = [Section('a', 'Full', [Paragraph('x')]), Section('b', 'No', [])]
    text = render(Page('t', 's', sections))
    assert 'Full' in text and 'id="b"' not in text and 'href="#b"' not in text


def test_layers_keep_their_shape_and_first_choice(tmp_path):
    ids = np.zeros((20, 30), np.uint8)
    layers = [
        Layer(name, embed.coloured(ids, {0: (0, 0, 0)}))
        for name in ('first', 'second')
    ]
    out = tmp_path / 'page.html'
    write_page(out, page(Layers(layers, layers, [], (20, 30))))
    text = out.read_text()
    assert 'aspect-ratio: 30 / 20' in text
    assert len(re.findall(r'<img [^>]* hidden>', text)) == 2


def test_a_row_with_too_few_cells_is_refused():
    with pytest.raises(ValueError, match='shorter'):
        render(page(Table(['a', 'b'], [['1', '2'], ['3']])))
