#!/usr/bin/env python3
"""How right maps are on both sides of the edge where a sensor ends.

    python tools/analysis_tools/sensor_edges.py CONFIG CHECKPOINT --gap sar

A part of every test tile, beyond a line in any direction, is cut out of one
modality. Mapped like scenes, the tiles give a table of overall accuracies by
the distance to that edge: for the map, for the tile as the network sees it in
a test (with invalid pixels at the mean), for the map of the same network
without the gap, and for that of each modality alone. --alone adds a network
that was trained with one modality; with --specialists it also answers in the
map where only its modality is valid, and so in that of its modality alone, in
the place of the network. --shape takes the form of the gap from
the empty pixels of a raster, a real seam for one.
"""

import argparse
import contextlib
import functools
import itertools
import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from _bootstrap import command_line, start

start(__name__)

import numpy as np
import rasterio
import torch
from torch import nn

from _launch import ConfigOptions, check_file
from multimodal_rs.apis import init_model
from multimodal_rs.apis.trained_dataset import trained_dataset
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.evaluation.sensor_edges import EdgeAccuracy
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.windowed import (
    Windows,
    network_modalities,
    predict_rows,
    prepared,
)
from multimodal_rs.utils.configs import read_config
from multimodal_rs.utils.tables import text_table
from multimodal_rs.utils.windows import Window

SHARE = 0.25, 0.6  # of a tile that is cut out


class GappedRasters(SceneRasters):
    """Rasters of a scene, of which one has a gap more than its files.

    Args:
        sources: As for :class:`SceneRasters`.
        modalities: Likewise.
        gap: (H, W) bool.
        gapped: Name of the modality that has it.
    """

    def __init__(
        self,
        sources: Mapping[str, str],
        modalities: Mapping,
        gap: np.ndarray,
        gapped: str,
    ) -> None:
        super().__init__(sources, modalities)
        self.gap = gap
        self.gapped = gapped

    def _load(
        self,
        name: str,
        window: tuple | None = None,
        out_shape: tuple | None = None,
    ) -> np.ndarray:
        data = super()._load(name, window, out_shape)
        if name == self.gapped:
            rows, columns = window
            data[:, self.gap[slice(*rows), slice(*columns)]] = np.nan
        return data


def main(arguments: Sequence[str] | None = None) -> None:
    """Cut, map, count and print.

    Args:
        arguments: Command line, for tests.
    """
    args = _parse(arguments)
    networks = {'': (args.config, args.checkpoint)}
    for name, config, checkpoint in args.alone:
        networks[f'network for {name}'] = config, checkpoint
    for config, checkpoint in networks.values():
        check_file('config', config)
        check_file('checkpoint', checkpoint)
    cfg = read_config(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    singles = {
        name: init_model(config, weights, args.device)
        for name, (config, weights) in networks.items()
        if name
    }
    specialists = tuple(singles.values()) if args.specialists else ()
    model = init_model(
        cfg, args.checkpoint, args.device, specialists=specialists
    )
    known = network_modalities(model)
    if args.gap not in known:
        raise ValueError(f'--gap {args.gap}: expected one of {list(known)}')
    dataset = trained_dataset(cfg.test_dataloader.dataset, model)
    stride = args.crop // 2 if args.stride is None else args.stride
    windows = Windows(args.crop, stride, args.batch_size)
    found = EdgeAccuracy()
    rng = np.random.default_rng(args.seed)
    draw = draw_gap
    if args.shape is not None:
        draw = functools.partial(draw_shape, read_empty(args.shape))
    for index in complete_tiles(dataset, known, args.count):
        gaps = args.gap, functools.partial(draw, rng)
        _count(found, dataset, index, gaps, model, singles, windows)
    names = list(found.right)
    print(f'overall accuracy in percent, a gap in {args.gap}')
    print(
        text_table(
            ['distance to the edge', 'pixels', *names], found.rows(names)
        )
    )


def complete_tiles(
    dataset: MultiModalSegDataset, known: Collection[str], count: int
) -> list[int]:
    """The first tiles that have all that the network reads.

    Raises:
        ValueError: If there is none.
    """
    every = (
        index
        for index in range(len(dataset))
        if set(known) <= set(dataset[index]['data_samples'].present_modalities)
    )
    tiles = list(itertools.islice(every, count))
    if not tiles:
        raise ValueError(
            f'expected a test tile with files of all of {list(known)}, found '
            'none: name another list with --cfg-options '
            'test_dataloader.dataset.ann_file=...'
        )
    return tiles


def _count(
    found: EdgeAccuracy,
    dataset: MultiModalSegDataset,
    index: int,
    gaps: tuple[str, Callable[[tuple[int, int]], np.ndarray]],
    model: nn.Module,
    singles: Mapping[str, nn.Module],
    windows: Windows,
) -> None:
    """Map one tile in all ways and count what is right."""
    info = dataset.get_data_info(index)
    known = _declared(model)
    paths = {name: info['img_paths'][name] for name in known}
    count = dataset.num_classes
    # As a test counts it: without pixels whose label the config ignores.
    label = dataset[index]['data_samples'].gt_sem_seg.data[0].numpy()
    gapped, draw = gaps
    gap = draw(label.shape)
    maps = {}
    with GappedRasters(paths, known, gap, gapped) as scene:
        maps['map'] = classify(model, scene, count, windows)
        maps['tile as it is'] = classify_tile(model, scene)
    with SceneRasters(paths, known) as scene:
        maps['without gap'] = classify(model, scene, count, windows)
    for name, path in paths.items():
        with SceneRasters({name: path}, known) as scene:
            maps[f'{name} alone'] = classify(model, scene, count, windows)
    for name, single in singles.items():
        read = _declared(single)
        files = {m: info['img_paths'][m] for m in read}
        with SceneRasters(files, read) as scene:
            maps[name] = classify(single, scene, count, windows)
    found.add(gap, label, maps)


def _declared(model: nn.Module) -> dict[str, Modality]:
    """What a network reads, without a warning of unusual numbers."""
    known = network_modalities(model)
    return {n: replace(m, file_range=None) for n, m in known.items()}


def draw_gap(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw what lies beyond a line in any direction, (H, W) bool."""
    rows, columns = np.indices(shape)
    angle = rng.uniform(0, 2 * math.pi)
    across = rows * math.sin(angle) + columns * math.cos(angle)
    return across > np.quantile(across, 1 - rng.uniform(*SHARE))


def read_empty(path: str) -> np.ndarray:
    """Find the pixels of a raster in which a band is empty, (H, W) bool."""
    with rasterio.open(path) as file:
        data = file.read(masked=True).astype(float)
    empty = np.isnan(data.filled(np.nan)).any(axis=0)
    if empty.all() or not empty.any():
        raise ValueError(
            f'--shape {path}: expected a raster of which a part is empty, got '
            f'{"nothing else" if empty.all() else "no empty pixel"}'
        )
    return empty


def draw_shape(
    empty: np.ndarray, rng: np.random.Generator, shape: tuple[int, int]
) -> np.ndarray:
    """Draw a place of a raster with some of its empty pixels, (H, W) bool.

    Args:
        empty: Where the raster is empty, not smaller than a tile.
        rng: Also chooses whether it is mirrored.
        shape: (H, W) of a tile.
    """
    if np.less(empty.shape, shape).any():
        raise ValueError(
            f'--shape: expected a raster of at least {shape} pixels, as a '
            f'tile has, got {empty.shape}'
        )
    places = np.argwhere(empty)
    middle = places[rng.integers(len(places))] - np.divide(shape, 2)
    last = np.subtract(empty.shape, shape)
    top, left = np.clip(middle, 0, last).astype(int)
    gap = empty[top : top + shape[0], left : left + shape[1]]
    return gap[:: rng.choice((1, -1)), :: rng.choice((1, -1))]


def classify(
    model: nn.Module, scene: SceneRasters, count: int, windows: Windows
) -> np.ndarray:
    """Map a scene in memory, (H, W) train ids."""
    with contextlib.closing(
        predict_rows(model, scene, count, windows)
    ) as rows:
        return np.concatenate([part.ids() for part in rows])


@torch.no_grad()
def classify_tile(model: nn.Module, scene: SceneRasters) -> np.ndarray:
    """Give all of a scene to a network as it is, as a test does with tiles.

    Returns:
        (H, W) train ids.
    """
    images = scene.read(Window(0, 0, *scene.size))
    present = tuple(m for m, x in images.items() if not np.isnan(x).all())
    inputs, metas = prepared(model, [images], [present])
    logits = model.encode_decode(inputs, metas)[0]
    height, width = scene.size
    return logits.argmax(dim=0)[:height, :width].cpu().numpy()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file of the network')
    parser.add_argument('checkpoint', help='what its training wrote')
    parser.add_argument(
        '--gap', required=True, help='modality out of which a part is cut'
    )
    parser.add_argument(
        '--alone',
        nargs=3,
        action='append',
        default=[],
        metavar=('NAME', 'CONFIG', 'CHECKPOINT'),
        help='another network to compare with',
    )
    parser.add_argument(
        '--specialists',
        action='store_true',
        help='whether the networks of --alone answer in the map where only '
        'their modality is valid',
    )
    parser.add_argument(
        '--shape',
        metavar='RASTER',
        help='whose empty pixels give the gap its form (a line)',
    )
    parser.add_argument(
        '--count', type=int, default=1000, help='number of tiles, at most'
    )
    parser.add_argument('--seed', type=int, default=0, help='of the gaps (0)')
    parser.add_argument(
        '--crop', type=int, default=128, help='window in pixels (128)'
    )
    parser.add_argument(
        '--stride', type=int, help='pixels between windows (half of --crop)'
    )
    parser.add_argument(
        '--batch-size', type=int, default=8, help='windows at once (8)'
    )
    parser.add_argument('--device', default='cpu', help='(%(default)s)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=ConfigOptions,
        help='settings of the config to change, key=value',
    )
    return parser.parse_args(arguments)


if __name__ == '__main__':
    main()
