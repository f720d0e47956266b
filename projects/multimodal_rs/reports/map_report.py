"""Report of a map: the scene with the map over it, areas, accuracy."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import Resampling
from torch import nn

from multimodal_rs.datasets.io.grid import Grid, differences
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.evaluation.calibration import Reliability, reliability
from multimodal_rs.inference.grids import FINEST, SceneGrid
from multimodal_rs.inference.maps import NODATA
from multimodal_rs.inference.rasters import (
    SceneRasters,
    Source,
    reduced_shape,
)
from multimodal_rs.products.area import ClassArea, class_areas
from multimodal_rs.products.class_map import STRIP, ClassMap
from multimodal_rs.products.pixel_area import row_areas
from multimodal_rs.reports import charts, embed
from multimodal_rs.reports.accuracy_blocks import accuracy_blocks, percent
from multimodal_rs.reports.feature_blocks import feature_blocks
from multimodal_rs.reports.page import (
    Block,
    Layer,
    Layers,
    LegendEntry,
    Page,
    Paragraph,
    Picture,
    Section,
    Table,
)
from multimodal_rs.reports.run_files import ACCURACY, read_accuracy
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import read_json
from multimodal_rs.utils.windows import Window
from multimodal_rs.visualization.composites import RIGHT, WRONG, composite

WINDOW = 256  # pixels: side of the window that is looked into
LONGEST = 1200  # pixels of the longer side of a picture
ADJUSTED = 'area_adjusted.json'
AGAIN = 'compare the map with its reference again (--accuracy)'
LAYER = 'a raster of this map'
GREY = (150, 155, 160)  # of a class that the map gives no colour


@dataclass(frozen=True)
class MapFiles:
    """What is known about a map.

    Attributes:
        map: The map of classes.
        rasters: What it was made of.
        modalities: Declarations of these.
        accuracy: Folder that ``map_products --accuracy`` has written.
        confidence: Raster that was written as ``--confidence``.
        answered: Raster that was written as ``--answered``.
        model: The network, whose features are shown, too.
    """

    map: str | os.PathLike
    rasters: Mapping[str, Source]
    modalities: Mapping[str, Modality]
    accuracy: str | os.PathLike | None = None
    confidence: str | os.PathLike | None = None
    answered: str | os.PathLike | None = None
    model: nn.Module | None = None


def map_page(files: MapFiles) -> Page:
    """Make the page of a map.

    Raises:
        FileNotFoundError: If a file does not exist.
        ValueError: If one cannot be read, or lies on another grid.
    """
    with ClassMap(files.map) as land:
        _check_grids(files, land)
        areas = _areas(land)
        height, width = land.grid.size
        tags = {k: v for k, v in land.file.tags().items() if k.islower()}
        return Page(
            title=os.path.basename(land.path),
            subtitle=f'{width} x {height} pixels, {_where(land)}',
            headline=_headline(files, areas),
            sections=[
                Section('map', 'Map', [_layers(files, land, areas)]),
                Section('areas', 'Areas', _area_table(areas)),
                Section('accuracy', 'Accuracy', _accuracy(files, land)),
                Section('confidence', 'Confidence', _confidence(files, land)),
                Section('network', 'Inside the network', _inside(files, land)),
                Section('origin', 'Where it comes from', _origin(tags)),
            ],
        )


def _check_grids(files: MapFiles, land: ClassMap) -> None:
    """Refuse layers of another map.

    Raises:
        ValueError: If one lies on another grid.
    """
    layers = [files.confidence, files.answered]
    if files.accuracy is not None and _errors(files).is_file():
        layers.append(_errors(files))
    for path in (os.fspath(p) for p in layers if p is not None):
        with reading(path, LAYER), rasterio.open(path) as file:
            grid = Grid(file.shape, file.crs, file.transform)
        found = differences({land.path: land.grid, path: grid})
        if found:
            raise ValueError(
                f'{path} must lie on the grid of the map {land.path}, got '
                f'another {"; ".join(found)}: name the files of this map'
            )


def _errors(files: MapFiles) -> Path:
    """Name the raster of errors; there is none of a table of points."""
    return Path(files.accuracy, 'errors.tif')


def _areas(land: ClassMap) -> list[ClassArea]:
    """Areas of the classes; NaN hectares where they are not known."""
    try:
        pixel = row_areas(land.grid)
    except ValueError:  # no place, or areas that change within a row
        pixel = np.full(land.grid.size[0], np.nan)
    return class_areas(land, pixel)


def _headline(
    files: MapFiles, areas: Sequence[ClassArea]
) -> list[tuple[str, str]]:
    whole = sum(area.hectares for area in areas)
    found = [] if np.isnan(whole) else [('mapped', _hectares(whole))]
    if files.accuracy is not None:
        summary = read_accuracy(Path(files.accuracy, ACCURACY)).summary
        found += [(name, percent(summary[name])) for name in ('OA', 'mIoU')]
    return found


def _layers(
    files: MapFiles, land: ClassMap, areas: Sequence[ClassArea]
) -> Layers:
    with _scene(files, land) as scene:
        images = scene.read_reduced(LONGEST)
    below = [
        Layer(name, embed.photograph(composite(x, files.modalities[name])))
        for name, x in images.items()
    ]
    named = land.colours()
    colours = {area.number: named.get(area.number, GREY) for area in areas}
    shape = reduced_shape(land.grid.size, LONGEST)
    above = [Layer('map', embed.coloured(land.reduced(shape), colours))]
    if files.accuracy is not None:
        errors = _errors(files)
        if errors.is_file():
            wrong = _reduced(errors, shape, Resampling.mode)
            marks = {0: RIGHT, 1: WRONG}
            above.append(Layer('errors', embed.coloured(wrong, marks)))
    if files.confidence is not None:
        sure = _reduced(files.confidence, shape, Resampling.average)
        greys = {n: (round(2.55 * n),) * 3 for n in range(101)}
        above.append(Layer('confidence', embed.coloured(sure, greys)))
    if files.answered is not None:
        with ClassMap(files.answered) as answered:
            subsets = answered.colours()
            named = {n: answered.name(n) for n in answered.numbers}
        seen = _reduced(files.answered, shape, Resampling.mode)
        above.append(Layer('sensors', embed.coloured(seen, subsets)))
    legend = [
        LegendEntry(area.name, _hex(colours[area.number]), note)
        for area, note in zip(areas, _notes(areas), strict=True)
    ]
    if files.answered is not None:
        legend += [
            LegendEntry(name, _hex(subsets.get(n, GREY)), 'sensors')
            for n, name in named.items()
            if (seen == n).any()
        ]
    return Layers(below, above, legend, land.grid.size)


def _scene(files: MapFiles, land: ClassMap) -> SceneRasters:
    """Open the rasters on the grid of the map."""
    # Whoever made the map was warned of unusual numbers.
    known = {
        name: replace(files.modalities[name], file_range=None)
        for name in files.rasters
    }
    grid = SceneGrid(land.path) if land.grid.placed else FINEST
    return SceneRasters(files.rasters, known, grid)


def _inside(files: MapFiles, land: ClassMap) -> list[Block]:
    """Show what the network makes of a window in the middle."""
    if files.model is None:
        return []
    if set(files.rasters) != set(files.model.modalities):
        text = (
            'What the branches make of the scene is shown where the map was '
            f'made of all modalities, {", ".join(files.model.modalities)}.'
        )
        return [Paragraph(text)]
    height, width = land.grid.size
    top, left = max(height - WINDOW, 0) // 2, max(width - WINDOW, 0) // 2
    window = Window(
        top, left, min(top + WINDOW, height), min(left + WINDOW, width)
    )
    with _scene(files, land) as scene:
        images = scene.read(window)
    images = {m: images[m] for m in files.model.modalities}
    return feature_blocks(files.model, images, files.modalities)


def _reduced(
    path: str | os.PathLike, shape: tuple[int, int], how: Resampling
) -> np.ndarray:
    """Read the first band with fewer pixels, (H, W) uint8."""
    path = os.fspath(path)
    with reading(path, LAYER), rasterio.open(path) as file:
        return file.read(1, out_shape=shape, resampling=how)


def _notes(areas: Sequence[ClassArea]) -> list[str]:
    """Say beside each class how much there is."""
    pixels = sum(area.pixels for area in areas) or 1
    return [
        f'{100 * area.pixels / pixels:.1f} %'
        if np.isnan(area.hectares)
        else _hectares(area.hectares)
        for area in areas
    ]


def _area_table(areas: Sequence[ClassArea]) -> list[Block]:
    pixels = sum(area.pixels for area in areas) or 1
    rows = [
        [
            area.name,
            f'{area.pixels:,}',
            f'{100 * area.pixels / pixels:.2f}',
            '' if np.isnan(area.hectares) else f'{area.hectares:,.2f}',
        ]
        for area in areas
    ]
    header = ['class', 'pixels', 'percent of pixels', 'hectares']
    return [Table(header, rows)]


def _accuracy(files: MapFiles, land: ClassMap) -> list[Block]:
    if files.accuracy is None:
        return []
    folder = Path(files.accuracy)
    accuracy = read_accuracy(folder / ACCURACY)
    # A comparison may lack classes of the map, or have others besides.
    colours = {land.name(n): colour for n, colour in land.colours().items()}
    palette = [colours.get(row['class'], GREY) for row in accuracy.classes]
    iou = {row['class']: row['IoU'] for row in accuracy.classes}
    blocks = accuracy_blocks(accuracy, palette, {'map': iou})
    if (folder / ADJUSTED).is_file():
        blocks += _adjusted(read_json(folder / ADJUSTED, AGAIN))
    return blocks


def _adjusted(content: Mapping) -> list[Block]:
    """Show areas with their confidence intervals."""
    rows = [
        [
            row['class'],
            f'{row["mapped_hectares"]:,.2f}',
            f'{row["hectares"]:,.2f} ± {row["hectares_error"]:,.2f}',
            _with_error(row, 'user_accuracy'),
            _with_error(row, 'producer_accuracy'),
        ]
        for row in content['classes']
    ]
    header = ['class', 'mapped hectares', 'hectares', 'UA', 'PA']
    text = (
        'Areas as the reference says they are, with 95 % confidence '
        'intervals. They are right if the reference is a random sample '
        'within each class of the map (Olofsson et al., Remote Sensing of '
        'Environment 148, 2014). Overall accuracy '
        f'{content["overall_accuracy"]:.2f} ± '
        f'{content["overall_accuracy_error"]:.2f} percent.'
    )
    return [Paragraph(text), Table(header, rows)]


def _with_error(row: Mapping, name: str) -> str:
    if row[name] is None or row[f'{name}_error'] is None:
        return ''
    return f'{row[name]:.2f} ± {row[f"{name}_error"]:.2f}'


def _confidence(files: MapFiles, land: ClassMap) -> list[Block]:
    """Draw whether the map is right as often as it says."""
    if files.confidence is None or files.accuracy is None:
        return []
    errors = _errors(files)
    if not errors.is_file():
        return []
    total = _reliability(errors, files.confidence, land)
    figure = charts.calibration_chart(
        total.mean_confidence(), total.accuracy(), total.share()
    )
    caption = (
        'How often the map is right where it says how sure it is; expected '
        f'calibration error {100 * total.expected_error():.2f} percent'
    )
    return [Picture(embed.chart(figure), caption)]


def _reliability(
    errors: Path, confidence: str | os.PathLike, land: ClassMap
) -> Reliability:
    """Compare confidence and errors strip by strip."""
    height, width = land.grid.size
    empty = np.empty(0)
    total = reliability(empty, empty, empty)
    with rasterio.open(errors) as wrong, rasterio.open(confidence) as sure:
        for top in range(0, height, STRIP):
            window = (top, min(top + STRIP, height)), (0, width)
            shares = sure.read(1, window=window)
            truth = wrong.read(1, window=window)
            truth[shares == NODATA] = NODATA
            chances = np.minimum(shares, 100) / 100
            # 0 is right: as if class 0 were true and predicted everywhere.
            total = total + reliability(truth, np.zeros_like(truth), chances)
    return total


def _origin(tags: Mapping[str, str]) -> list[Block]:
    rows = [[name.replace('_', ' '), text] for name, text in tags.items()]
    return [Table(['what', 'value'], rows)] if rows else []


def _where(land: ClassMap) -> str:
    if land.grid.crs is None:
        return 'no reference system'
    code = land.grid.crs.to_string()
    return code if len(code) < 30 else 'a reference system of its own'


def _hectares(value: float) -> str:
    return f'{value:,.0f} ha' if value >= 100 else f'{value:.2f} ha'


def _hex(colour: Sequence[int]) -> str:
    return '#' + ''.join(f'{int(v):02x}' for v in colour)
