"""A page of a report: what may stand on it, and how it becomes HTML.

Everything is inside the one file: pictures as data, style and script inline.
The page declares to the browser that it loads nothing (a content security
policy), so that it can be mailed and opened anywhere.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from jinja2 import Environment, PackageLoader, StrictUndefined

from multimodal_rs.utils.files import write_text
from multimodal_rs.version import __version__


@dataclass(frozen=True)
class Paragraph:
    """Plain text."""

    kind: ClassVar[str] = 'paragraph'
    text: str


@dataclass(frozen=True)
class Table:
    """A table; columns of numbers are set to the right.

    Attributes:
        header: Titles of the columns.
        rows: Cells.
        caption: Below the table.
    """

    kind: ClassVar[str] = 'table'
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ''

    @property
    def numeric(self) -> list[bool]:
        """Per column, whether all its cells are numbers or empty."""
        columns = zip(*self.rows, strict=True)
        return [all(map(_is_number, column)) for column in columns]


@dataclass(frozen=True)
class Picture:
    """A picture.

    Attributes:
        source: Data URI, see :mod:`multimodal_rs.reports.embed`.
        caption: Below the picture, and for those who cannot see it.
        wide: Whether it takes the width of the page.
    """

    kind: ClassVar[str] = 'picture'
    source: str
    caption: str
    wide: bool = False


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side."""

    kind: ClassVar[str] = 'gallery'
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Layer:
    """A picture of the whole scene.

    Attributes:
        name: For the switch.
        source: Data URI.
    """

    name: str
    source: str


@dataclass(frozen=True)
class LegendEntry:
    """A colour and what it means.

    Attributes:
        name: Of the class.
        colour: ``#rrggbb``.
        note: Beside the name, such as an area.
    """

    name: str
    colour: str
    note: str = ''


@dataclass(frozen=True)
class Layers:
    """Pictures of one scene on top of each other, with a slider.

    Attributes:
        below: What was measured; one of them is shown.
        above: What was made of it; one of them is shown, as opaque as the
            slider says.
        legend: Of the map.
        size: (H, W) of the pictures in pixels.
    """

    kind: ClassVar[str] = 'layers'
    below: Sequence[Layer]
    above: Sequence[Layer]
    legend: Sequence[LegendEntry]
    size: tuple[int, int]


@dataclass(frozen=True)
class Details:
    """Long text that opens on a click."""

    kind: ClassVar[str] = 'details'
    title: str
    text: str


Block = Paragraph | Table | Picture | Gallery | Layers | Details


@dataclass(frozen=True)
class Section:
    """A chapter of a page.

    Attributes:
        anchor: Its place in links, letters and hyphens.
        title: For people.
        blocks: From top to bottom.
    """

    anchor: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """A report.

    Attributes:
        title: Of the page.
        subtitle: One line below it.
        sections: Those without blocks are left out.
        headline: Numbers that stand large at the top: (name, value).
    """

    title: str
    subtitle: str
    sections: Sequence[Section]
    headline: Sequence[tuple[str, str]] = field(default=())


def render(page: Page) -> str:
    """Write a page as HTML.

    Text is escaped: a class that is called ``<b>`` stands there as such.
    """
    environment = Environment(
        loader=PackageLoader('multimodal_rs.reports', 'templates'),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = [section for section in page.sections if section.blocks]
    template = environment.get_template('page.html')
    return template.render(page=page, sections=sections, version=__version__)


def write_page(target: str | os.PathLike, page: Page) -> None:
    """Write a page as an HTML file, completely or not at all."""
    write_text(target, render(page))


def _is_number(cell: str) -> bool:
    """Say whether a cell is a number: 12, -0.5 %, 3 ± 1, or empty."""
    text = ''.join(c for c in cell if c not in ' ,%±+-().')
    return all(c.isdigit() for c in text)
