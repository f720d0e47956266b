"""The style of a map for QGIS."""

import os
from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.utils.files import write_text


def write_style(target: str | os.PathLike, land: ClassMap) -> None:
    """Write a ``.qml``: colours and names of the classes.

    QGIS applies it without being asked if it has the name of the map.

    Raises:
        ValueError: If the map has no colours.
    """
    colours = land.colours()
    entries = {n: colours[n] for n in land.numbers if n in colours}
    if not entries:
        raise ValueError(
            f'style: {land.path} has no colour table with named classes '
            '(tags CLASS_<number>): use a map of this project'
        )
    write_text(target, _document(land, entries))


def _document(
    land: ClassMap, entries: Mapping[int, tuple[int, int, int]]
) -> str:
    lines = ''.join(
        f'        <paletteEntry value="{number}" alpha="255" '
        f'color="#{red:02x}{green:02x}{blue:02x}" '
        f'label={quoteattr(land.name(number))}/>\n'
        for number, (red, green, blue) in entries.items()
    )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.22" styleCategories="Symbology">\n'
        '  <pipe>\n'
        '    <rasterrenderer type="paletted" band="1" opacity="1" '
        'alphaBand="-1" nodataColor="">\n'
        '      <colorPalette>\n'
        f'{lines}'
        '      </colorPalette>\n'
        '    </rasterrenderer>\n'
        '  </pipe>\n'
        '  <blendMode>0</blendMode>\n'
        '</qgis>\n'
    )
