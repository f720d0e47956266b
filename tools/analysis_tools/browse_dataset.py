#!/usr/bin/env python3
"""Pictures of what the pipeline of a dataset yields: modalities and label.

    python tools/analysis_tools/browse_dataset.py CONFIG --split val --out DIR

The tiles are spread over the split; training tiles are augmented as in
training. Normalisation comes later, on the device, and is not shown.
"""

import argparse
import sys
from itertools import chain
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from _bootstrap import command_line, start

start(__name__)

from mmengine.registry import init_default_scope

from _launch import ConfigOptions, check_file

ROWS = 6  # tiles per picture


def parse_args() -> argparse.Namespace:
    parser = command_line.CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--split',
        choices=['train', 'val', 'test'],
        default='train',
        help='which dataset of the config (train)',
    )
    parser.add_argument(
        '--count', type=int, default=12, help='number of tiles (12)'
    )
    parser.add_argument(
        '--out', default='browse', help='folder for the pictures (browse)'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=ConfigOptions,
        metavar='KEY=VALUE',
        help='change values of the config',
    )
    return parser.parse_args()


def draw_sample(sample: dict, dataset):
    """Draw what the pipeline made of one tile."""
    from multimodal_rs.visualization.hook import declared_modalities
    from multimodal_rs.visualization.panel import fit, tile_row

    meta = sample['data_samples'].metainfo
    modalities = declared_modalities(dataset)
    label = None
    if 'gt_sem_seg' in sample['data_samples']:
        label = sample['data_samples'].gt_sem_seg.data[0].numpy()
    images = {
        name: tensor.numpy()
        for name, tensor in sample['inputs'].items()
        if name in meta.get('present_modalities', modalities)
    }
    palette = dataset.metainfo['palette']
    row = tile_row(str(meta['sample_id']), images, modalities, palette, label)
    return fit(row, 256)


def main() -> None:
    args = parse_args()
    check_file('config', args.config)
    if args.count < 1:
        raise SystemExit(f'--count: expected at least 1, got {args.count}')
    from multimodal_rs.utils.configs import read_config

    cfg = read_config(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    import numpy as np
    from mmseg.registry import DATASETS

    from multimodal_rs.utils.outputs import check_outputs, dataset_files
    from multimodal_rs.visualization.panel import contact_sheet, save_png

    dataset = DATASETS.build(cfg[f'{args.split}_dataloader'].dataset)
    count = min(args.count, len(dataset))
    pages = [
        Path(args.out, f'{args.split}_{page}.png')
        for page in range(1, -(-count // ROWS) + 1)
    ]
    check_outputs(
        {f'--out: {page.name}': page for page in pages},
        chain([args.config], dataset_files(dataset)),
    )
    tiles = np.linspace(0, len(dataset) - 1, count).round().astype(int)
    meta = dataset.metainfo
    for target, first in zip(pages, range(0, count, ROWS), strict=True):
        chosen = tiles[first : first + ROWS].tolist()
        rows = [draw_sample(dataset[i], dataset) for i in chosen]
        title = f'{Path(args.config).stem}: {args.split}, {len(dataset)} tiles'
        sheet = contact_sheet(rows, meta['classes'], meta['palette'], title)
        save_png(sheet, target)
        print(f'Wrote {target}')


if __name__ == '__main__':
    main()
