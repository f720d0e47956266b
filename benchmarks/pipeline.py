#!/usr/bin/env python3
"""Benchmark of the training pipeline against bare reads of the same files.

    python benchmarks/pipeline.py CONFIG [--workers 0 1 2] [--step]

Bare reads open every file of a tile with rasterio and read the same bands;
the pipeline is the config's, from file to packed tensors. Both run in one
process, turn by turn, so that the ratio holds on a busy machine too. With
``--step`` the training step is timed, with the share spent waiting for data.
"""

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / 'tools'))

from _bootstrap import add_source_path

add_source_path()

import cv2
import rasterio
import torch
from mmengine.config import Config, DictAction
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS
from torch.utils.data import DataLoader

import multimodal_rs  # noqa: F401


def bare_read(info: dict) -> None:
    """Read what a tile consists of, with rasterio alone."""
    for name, path in info['img_paths'].items():
        bands = [b + 1 for b in info['modalities'][name].indices]
        with rasterio.open(path) as file:
            file.read(bands)
    with rasterio.open(info['seg_map_path']) as file:
        file.read(1)


def cpu_seconds(function: Callable, items: Sequence) -> float:
    """Time a function over all items in CPU seconds of this process."""
    start = time.process_time()
    for item in items:
        function(item)
    return time.process_time() - start


def compare_in_one_process(dataset, tiles: int, rounds: int) -> None:
    """Print tiles per CPU second of both and the ratio, round by round."""
    cv2.setNumThreads(0)  # as our configs do
    infos = [dataset.get_data_info(i) for i in range(tiles)]
    bare, full = [], []
    for _ in range(rounds + 1):  # the first round warms the file cache
        # Tile by tile, so that both find the processor's caches as the other
        # leaves them, as training does.
        bare.append(0.0)
        full.append(0.0)
        for i in range(tiles):
            bare[-1] += cpu_seconds(bare_read, [infos[i]])
            full[-1] += cpu_seconds(dataset.__getitem__, [i])
    bare, full = bare[1:], full[1:]
    ratios = [f / b for f, b in zip(full, bare, strict=True)]
    print('one process, CPU time, median of', rounds, 'rounds')
    print(f'  bare reads  {tiles / statistics.median(bare):8.1f} images/s')
    print(f'  pipeline    {tiles / statistics.median(full):8.1f} images/s')
    print(
        f'  pipeline / bare reads: {statistics.median(ratios):.2f} '
        f'(from {min(ratios):.2f} to {max(ratios):.2f})'
    )


def compare_workers(dataset, workers: Sequence[int], tiles: int) -> None:
    """Print images per second, wall clock, for numbers of workers."""
    print('loader, wall clock')
    for count in workers:
        loader = DataLoader(
            dataset,
            batch_size=8,
            num_workers=count,
            collate_fn=pseudo_collate,
            persistent_workers=count > 0,
            sampler=range(tiles),
        )
        for _ in loader:  # starts the workers
            pass
        start = time.perf_counter()
        for _ in loader:
            pass
        seconds = time.perf_counter() - start
        print(f'  {count} workers  {tiles / seconds:8.1f} images/s')


def time_training_step(cfg: Config, dataset, steps: int) -> None:
    """Print the time of a training step and the share of waiting."""
    _without_download(cfg.model)
    model = MODELS.build(cfg.model).train()
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    model.to(device)
    optimisers = build_optim_wrapper(model, cfg.optim_wrapper)
    batch_size = cfg.train_dataloader.batch_size
    loader = DataLoader(
        dataset,
        batch_size=batch_size,
        num_workers=cfg.train_dataloader.num_workers,
        collate_fn=pseudo_collate,
        drop_last=True,
        shuffle=True,
    )
    waiting, working = [], []
    mark = time.perf_counter()
    while len(working) <= steps:
        for batch in loader:
            loaded = time.perf_counter()
            model.train_step(batch, optimisers)
            if device == 'cuda':
                torch.cuda.synchronize()
            done = time.perf_counter()
            waiting.append(loaded - mark)
            working.append(done - loaded)
            mark = time.perf_counter()
            if len(working) > steps:
                break
    wait, work = sum(waiting[1:]), sum(working[1:])
    print(f'training step, batch {batch_size}, {device}, {steps} steps')
    print(f'  {(wait + work) / steps:.3f} s per step')
    print(f'  {wait / (wait + work):.1%} of it waiting for data')


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the comparison.

    Args:
        arguments: Command line, for tests.
    """
    args = _parse(arguments)
    warnings.filterwarnings('ignore')
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in a worker; others would count as work
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    tiles = min(args.tiles, len(dataset))
    print(f'{args.config}: {tiles} tiles')
    compare_in_one_process(dataset, tiles, args.rounds)
    compare_workers(dataset, args.workers, tiles)
    if args.step:
        torch.set_num_threads(threads)
        time_training_step(cfg, dataset, args.steps)


def _without_download(config: dict) -> None:
    for key, value in list(config.items()):
        if key == 'init_cfg':
            config[key] = None
        elif isinstance(value, dict):
            _without_download(value)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config')
    parser.add_argument('--tiles', type=int, default=96)
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--workers', type=int, nargs='*', default=[0, 1, 2])
    parser.add_argument(
        '--step', action='store_true', help='time the training step too'
    )
    parser.add_argument('--steps', type=int, default=10)
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        metavar='KEY=VALUE',
        help='change values of the config',
    )
    return parser.parse_args(arguments)


if __name__ == '__main__':
    sys.exit(main())
