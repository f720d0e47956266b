"""What of a scene is finished: files that are as they would be made now.

Maps say in their tags what they were made of. What is made of a map afterwards
has no room for that: it is noted beside the map, where GDAL keeps what a
GeoTIFF has no place for, ``<map>.aux.xml``. A new map comes without notes.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from multimodal_rs.apis.outputs import SceneOutputs
from multimodal_rs.inference.grids import FINEST, SceneGrid
from multimodal_rs.inference.identity import identities, place, with_sources
from multimodal_rs.inference.provenance import (
    can_be_told,
    differing_tags,
    map_tags,
)
from multimodal_rs.inference.rasters import Source
from multimodal_rs.products.accuracy import SUMMARY
from multimodal_rs.products.make import Products
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import write_text

if TYPE_CHECKING:
    from multimodal_rs.apis.scene_mapper import SceneMapper

NOTE = 'PRODUCTS'
TAG = f'MDI[@key="{NOTE}"]'
# Product -> what it depends on, besides the map and the reference.
OPTIONS = dict(polygons=('min_area', 'sieve'), accuracy=('reference_ids',))
Notes = dict[str, dict]  # product -> what was asked


def is_finished(
    mapper: 'SceneMapper',
    rasters: Mapping[str, Source],
    files: SceneOutputs,
    grid: SceneGrid = FINEST,
) -> bool:
    """Whether all files of a scene are there, as they would be made now.

    Raises:
        FileNotFoundError: If a raster or the reference does not exist.
        ValueError: If one cannot be opened.
    """
    if not maps_are_finished(mapper, rasters, files, grid):
        return False
    made = _time(files.out)
    for path in files.derived:
        path = path / SUMMARY if path.is_dir() else path
        if not path.exists() or _time(path) < made:
            return False
    noted = _notes(_tree(files.out))
    asked = _asked(files.out, files.products)
    return all(noted.get(name) == what for name, what in asked.items())


def maps_are_finished(
    mapper: 'SceneMapper',
    rasters: Mapping[str, Source],
    files: SceneOutputs,
    grid: SceneGrid = FINEST,
) -> bool:
    """Likewise, but not what is made of the maps afterwards."""
    if not can_be_told(mapper.model, rasters):
        return False
    paths = files.rasters.paths()
    if not all(path.exists() for path in paths):
        return False
    folder = Path(files.out).parent
    tags = map_tags(mapper.model, rasters, mapper.windows, grid, folder)
    return all(differing_tags(path, tags) == [] for path in paths)


@contextlib.contextmanager
def noting(path: str | os.PathLike, products: Products) -> Iterator[None]:
    """Note beside a map what was asked of the products of a block.

    If the block raises, nothing is noted of them: they are made again.

    Args:
        path: The map.
        products: What the block makes.
    """
    before = _tree(path)
    asked = _asked(path, products)
    others = {n: w for n, w in _notes(before).items() if n not in asked}
    _note(path, before, others)
    yield
    _note(path, before, others | asked)


def _asked(path: str | os.PathLike, products: Products) -> Notes:
    """List all that the products of a map depend on, as JSON has it."""
    folder = Path(path).parent
    asked = {}
    for name, target in products.paths().items():
        options = {o: getattr(products, o) for o in OPTIONS.get(name, ())}
        asked[name] = dict(options, file=place(target, folder))
    if 'accuracy' in asked:
        read = with_sources(os.fspath(products.reference))
        asked['accuracy']['reference'] = identities(read, folder)
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


def _time(path: str | os.PathLike) -> int:
    return os.stat(path).st_mtime_ns
