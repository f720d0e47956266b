#!/usr/bin/env python3
"""Demo: MMRS on a simulated scene of a hyperspectral sensor and LiDAR.

    python tools/demo_hyperspectral.py [--out demo_hyperspectral] [--seed 0]

1. simulate a town in the layout of Houston2013, .mat files with few labels;
2. train a narrow MMRS on windows of 11x11 with tools/train.py;
3. test it with both sensors, the hyperspectral one alone and LiDAR alone;
4. map the .mat files into a GeoTIFF;
5. draw the sensors, the sparse truth, the map and the errors.

Everything lands below the output folder. A step that is done is not repeated.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from _bootstrap import command_line, start

start(__name__)

import rasterio
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from demo import call, collect, step
from multimodal_rs.utils.configs import read_config
from multimodal_rs.utils.outputs import check_folder
from multimodal_rs.visualization.panel import (
    Row,
    contact_sheet,
    save_png,
    tile_row,
)

ROOT = Path(__file__).resolve().parents[1]
CONFIG = 'configs/mmrs/mmrs_cnn5-w16_1xb64-20e_simulated-hs-11x11.py'
CELL = 400  # pixels of the scene's longer side


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code.
    """
    args = _parse(arguments)
    begin = time.time()
    out = args.out.resolve()
    check_folder('--out', out)
    data, work = out / 'data', out / 'run'
    options = [f'randomness.seed={args.seed}']
    for part in ('train', 'val', 'test'):
        options.append(f'{part}_dataloader.dataset.data_root={data}')
    options = ['--cfg-options', *options]

    step('simulate a town as a hyperspectral sensor and LiDAR see it')
    call('data_prep/simulate_hs.py', data, '--seed', args.seed)
    step(f'train MMRS: {CONFIG}')
    if not (work / 'trained').exists():
        train = ['tools/train.py', CONFIG, '--work-dir', work, '--resume']
        call(*train, *options)
        (work / 'trained').touch()
    checkpoint = max(work.glob('best_*.pth'), key=lambda p: p.stat().st_mtime)
    step('test all subsets of the modalities')
    test = ('tools/test.py', CONFIG, checkpoint, '--work-dir', work)
    call(*test, *options)
    collect(work, 'modality_subsets.json', out)

    step('map the scene')
    scene = dict(hsi=data / 'HSI.mat', lidar=data / 'LiDAR.mat')
    call(
        *('tools/infer_scene.py', CONFIG, checkpoint, '--raster'),
        *(f'{m}={path}' for m, path in scene.items()),
        *('--out', out / 'map.tif', '--confidence', out / 'confidence.tif'),
    )
    draw(data, out / 'map.tif', out / 'map.png')
    print(
        f'\nmap of the scene: {out / "map.tif"}\n'
        f'sensors, truth, map and errors: {out / "map.png"}\n'
        f'{(time.time() - begin) / 60:.1f} minutes'
    )
    return 0


def draw(data: Path, map_path: Path, target: Path) -> None:
    """Draw sensors, labels of the test, map and errors.

    Args:
        data: Folder of the scene.
        map_path: GeoTIFF of the classes.
        target: PNG to write.
    """
    cfg = read_config(ROOT / CONFIG)
    init_default_scope(cfg.default_scope)
    config = dict(cfg.test_dataloader.dataset, data_root=str(data))
    dataset = DATASETS.build(config)
    sample = dataset[0]
    truth = sample['data_samples'].gt_sem_seg.data[0].numpy()
    with rasterio.open(map_path) as file:
        prediction = file.read(1)
    classes, palette = (dataset.metainfo[k] for k in ('classes', 'palette'))
    row = tile_row(
        '',
        {m: x.numpy() for m, x in sample['inputs'].items()},
        dataset.modalities,
        palette,
        label=truth,
        prediction=prediction,
    )
    # The scene is wide: one picture below the other.
    titles = dict(label='labels of the test', errors='errors, red: wrong')
    rows = [
        Row(titles.get(p.title, p.title), (p._replace(title='', subtitle=''),))
        for p in row.pictures
    ]
    title = f'{truth.shape[1]} x {truth.shape[0]} pixels, test: {row.note}'
    sheet = contact_sheet(rows, classes, palette, title, cell=2 * CELL)
    save_png(sheet, target)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--out', type=Path, default=Path('demo_hyperspectral'))
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args(arguments)


if __name__ == '__main__':
    sys.exit(main())
