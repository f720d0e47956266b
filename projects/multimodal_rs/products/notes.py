"""What was asked of the products of a map, noted beside it.

Maps say in their tags what they were made of. What is made of a map afterwards
has no room for that: it is noted where GDAL keeps what a GeoTIFF has no place
for, ``<map>.aux.xml``. A new map comes without notes.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from multimodal_rs.inference.identity import identities, place, with_sources
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import write_text

if TYPE_CHECKING:
    from multimodal_rs.products.class_map import ClassMap
    from multimodal_rs.products.make import Products

NOTE = 'PRODUCTS'
TAG = f'MDI[@key="{NOTE}"]'
# Product -> what it depends on, besides the map and the reference.
OPTIONS = dict(polygons=('min_area', 'sieve'), accuracy=('reference_ids',))
Notes = dict[str, dict]  # product -> what was asked
Target = str | os.PathLike
UNREACHED = dict(reached=False)  # noted of an accuracy that there cannot be


def are_noted(
    path: str | os.PathLike,
    products: 'Products',
    preview: Target | None = None,
    unreached: bool = False,
) -> bool:
    """Whether what lies beside a map is what is asked for.

    Args:
        path: The map.
        products: They.
        preview: Picture of the map, with the reference; None: none.
        unreached: Whether there need be no accuracy.
    """
    noted = _notes(_tree(path))
    asked = _asked(path, products, preview)
    if unreached:
        del asked['accuracy']
    return all(noted.get(name) == what for name, what in asked.items())


def is_unreached(path: str | os.PathLike, products: 'Products') -> bool:
    """Whether it is noted that the reference does not reach a map."""
    if products.reference is None:
        return False
    asked = _asked(path, products)['accuracy']
    return _notes(_tree(path)).get('accuracy') == asked | UNREACHED


@contextlib.contextmanager
def noting(
    path: str | os.PathLike,
    products: 'Products',
    preview: Target | None = None,
) -> Iterator[Notes]:
    """Note beside a map what was asked of the products of a block.

    If the block raises, nothing is noted of them: they are made again.

    Args:
        path: The map.
        products: What the block makes.
        preview: Likewise, a picture of the map; None: none.

    Yields:
        What will be noted; :data:`UNREACHED` may be added.
    """
    before = _tree(path)
    asked = _asked(path, products, preview)
    others = {n: w for n, w in _notes(before).items() if n not in asked}
    _note(path, before, others)
    yield asked
    _note(path, before, others | asked)


@contextlib.contextmanager
def renoting(land: 'ClassMap', products: 'Products') -> Iterator[None]:
    """Keep the notes of a map right, if it has any, while a block works.

    A map that nobody has noted anything of gets no notes. If the block
    raises, nothing is noted of what it may have written over.

    Args:
        land: The map.
        products: What the block makes.
    """
    if NOTE not in land.file.tags():
        yield
        return
    before = _tree(land.path)
    noted, asked = _notes(before), _asked(land.path, products)
    files = {what['file'] for what in asked.values()}
    others = {n: w for n, w in noted.items() if w['file'] not in files}
    again = {
        name: what
        for name, what in asked.items()
        if name in noted and name not in others
    }
    _note(land.path, before, others)
    yield
    _note(land.path, before, others | again)


def forget(path: str | os.PathLike, products: 'Products') -> None:
    """Take back what is noted of files that will be of several maps.

    Args:
        path: One of the maps.
        products: What is made of all of them together.
    """
    before, folder = _tree(path), Path(path).parent
    files = {place(target, folder) for target in products.paths().values()}
    noted = _notes(before).items()
    _note(path, before, {n: w for n, w in noted if w['file'] not in files})


def _asked(
    path: str | os.PathLike,
    products: 'Products',
    preview: Target | None = None,
) -> Notes:
    """List all that is made of a map depends on, as JSON has it."""
    folder = Path(path).parent
    asked, reference = {}, None
    for name, target in products.paths().items():
        options = {o: getattr(products, o) for o in OPTIONS.get(name, ())}
        asked[name] = dict(options, file=place(target, folder))
    if 'accuracy' in asked:
        read = with_sources(os.fspath(products.reference))
        reference = identities(read, folder)
        asked['accuracy']['reference'] = reference
    if preview is not None:
        asked['preview'] = dict(
            file=place(preview, folder),
            reference=reference,
            reference_ids=products.reference_ids,
        )
    return json.loads(json.dumps(asked))


def _tree(path: str | os.PathLike) -> ElementTree.Element:
    """Read what lies beside a map; an empty tree if nothing does."""
    beside = _beside(path)
    if not os.path.exists(beside):
        return ElementTree.Element('PAMDataset')
    with reading(beside, 'XML of GDAL: delete it, it is made again'):
        return ElementTree.parse(beside).getroot()


def _notes(tree: ElementTree.Element) -> Notes:
    found = tree.findtext(f'Metadata/{TAG}')
    return {} if found is None else json.loads(found)


def _note(
    path: str | os.PathLike, tree: ElementTree.Element, notes: Notes
) -> None:
    """Put notes into the tree in the place of those that it has; write it."""
    if notes == _notes(tree):
        return
    every = tree.findall('Metadata')
    metadata = next((m for m in every if 'domain' not in m.attrib), None)
    if metadata is None:
        metadata = ElementTree.Element('Metadata')
        tree.insert(0, metadata)
    for item in metadata.findall(TAG):
        metadata.remove(item)
    if notes:
        item = ElementTree.SubElement(metadata, 'MDI', key=NOTE)
        item.text = json.dumps(notes)
    ElementTree.indent(tree)
    write_text(_beside(path), ElementTree.tostring(tree, 'unicode') + '\n')


def _beside(path: str | os.PathLike) -> str:
    return f'{os.fspath(path)}.aux.xml'
