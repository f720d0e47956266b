"""How a network with region queries fuses a data set, level by level."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from torch import Tensor, nn
from torch.utils.data import Dataset

from multimodal_rs.datasets.io.raster import open_raster
from multimodal_rs.evaluation.displacement import (
    agreement,
    mean_offset,
    read_field,
)
from multimodal_rs.models.layers.level_result import LevelResult
from multimodal_rs.models.layers.map_sampling import cell_positions
from multimodal_rs.models.layers.region_grid import RegionGrid


class LevelView(NamedTuple):
    """What a level has done with one tile; lengths in pixels of the image.

    Attributes:
        stride: Pixels per cell.
        weights: (h, w) per modality.
        centres: (P, 2), x and y of the regions' centres.
        moves: Per modality (P, 2), of its regions; empty: none are made.
        cells: (h * w, 2), x and y of the cells.
        offsets: Per modality (h * w, 2), mean of where cells sample; empty:
            they do not.
        samples: Per modality (P, K, 2), where the cells at the centres
            sample; empty: they do not.
    """

    stride: float
    weights: dict[str, np.ndarray]
    centres: np.ndarray
    moves: dict[str, np.ndarray]
    cells: np.ndarray
    offsets: dict[str, np.ndarray]
    samples: dict[str, np.ndarray]


@torch.no_grad()
def view_tile(model: nn.Module, sample: Mapping) -> list[LevelView]:
    """Run a network on a tile and look at its fusion.

    Args:
        model: A ``MultiModalEncoderDecoder`` in evaluation mode, whose neck
            can explain itself.
        sample: Of the test dataset, with all modalities.

    Raises:
        TypeError: If the neck cannot explain itself.
        ValueError: If the tile lacks a modality: what is sampled in a black
            image means nothing.
    """
    if not hasattr(model.fusion, 'explain'):
        raise TypeError(
            f'expected a network with a RegionQueryNeck, got '
            f'{type(model.fusion).__name__}: its fusion has no weights or '
            'positions to show'
        )
    meta = sample['data_samples'].metainfo
    missing = set(model.modalities) - set(meta['present_modalities'])
    if missing:
        raise ValueError(f'{meta["sample_id"]} lacks {sorted(missing)}')
    data = model.data_preprocessor(pseudo_collate([sample]), False)
    inputs = model.select(data['inputs'])
    results = model.fusion.explain(model.encode(inputs))
    width = next(iter(inputs.values())).shape[3]
    return [
        _view(result, level, model.modalities, width)
        for result, level in zip(results, model.fusion.levels, strict=True)
    ]


def _view(
    result: LevelResult,
    level: nn.Module,
    modalities: tuple[str, ...],
    width: int,
) -> LevelView:
    size = tuple(result.fused.shape[2:])
    stride = width / size[1]
    cells = cell_positions(size, result.fused)
    moves = result.displacements
    centres = torch.zeros(0, 2)
    if moves:
        grid = RegionGrid(size, level.queries.region_size)
        centres = grid.centres(result.fused).flatten(0, 1)
    offsets, samples = {}, {}
    for m, found in result.reconstructions.items():
        if found.offsets is None:
            continue
        own, gates = found.offsets[0], found.gates[0]
        mean = mean_offset(own.cpu().numpy(), gates.cpu().numpy())
        offsets[m] = stride * mean.reshape(-1, 2)
        # The cells in which the centres lie.
        x, y = (
            centres[:, i].long().clamp(max=size[1 - i] - 1) for i in (0, 1)
        )
        samples[m] = _pixels(cells[y, x][:, None] + own[y, x], stride)
    shares = result.weights[0].cpu().numpy()
    return LevelView(
        stride,
        dict(zip(modalities, shares, strict=True)),
        _pixels(centres, stride),
        {
            m: stride * d[0].flatten(0, 1).cpu().numpy()
            for m, d in moves.items()
        },
        _pixels(cells.flatten(0, 1), stride),
        offsets,
        samples,
    )


def _pixels(cells: Tensor, stride: float) -> np.ndarray:
    """Positions in cells to positions in pixels of the image."""
    return ((cells + 0.5) * stride - 0.5).cpu().numpy()


def simulated_displacement(dataset: Dataset, tile: str) -> np.ndarray | None:
    """Read the displacement that the simulator has written, (2, H, W).

    Returns:
        None if there is none beside the images of the tile.
    """
    path = dataset.tile_path(tile, 'displacement', 'displacement', '.tif')
    path = Path(dataset.data_root or '', path)
    if not path.is_file():
        return None
    with open_raster(str(path)) as file:
        return file.read([0, 1])


def summarize_level(
    views: list[LevelView],
    fields: list[np.ndarray | None],
    fixed: str = 'opt',
    moved: str = 'sar',
) -> dict:
    """Summarise what a level has done with all tiles.

    What counts is the displacement of one modality against the other: the
    network may as well move the optical map the other way.

    Args:
        views: Of the level, one per tile.
        fields: Simulated displacement of each tile, if there is one.
        fixed: Modality that shows the ground at its place.
        moved: Modality that the simulator displaces.

    Returns:
        ``stride``; ``weights``, mean and standard deviation per modality over
        all cells; and, where there are fields, the ``Agreement`` of
        ``regions`` and of ``samples`` as far as the network has them.
    """
    summary = dict(stride=views[0].stride, weights={})
    for m in views[0].weights:
        values = np.concatenate([v.weights[m].ravel() for v in views])
        summary['weights'][m] = dict(
            mean=float(values.mean()), deviation=float(values.std())
        )
    pairs = [
        (v, f) for v, f in zip(views, fields, strict=True) if f is not None
    ]
    for name, places, vectors in (
        ('regions', 'centres', 'moves'),
        ('samples', 'cells', 'offsets'),
    ):
        found, true = [], []
        for view, field in pairs:
            both = getattr(view, vectors)
            if {fixed, moved} <= set(both):
                found.append(both[moved] - both[fixed])
                true.append(read_field(field, getattr(view, places)))
        if found:
            compared = agreement(np.concatenate(found), np.concatenate(true))
            summary[name] = compared._asdict()
    return summary
