#!/usr/bin/env python3
"""Pictures of how region queries fuse: weights, and where they look.

    python tools/analysis_tools/show_fusion.py CONFIG CHECKPOINT --out DIR

For each fused level there is one picture, fusion_stride<n>.png: the images of
some test tiles, the weight of each modality (black 0, white 1), and for each
modality a line from the centre of every region to where it has been found
there, with dots where its middle is sampled. fusion.json says, over all tiles
that were looked at, how much the weights vary; and, for simulated data whose
sensors disagree about outlines, how well the displacement of SAR against the
optical image agrees with the one that was simulated.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from _bootstrap import command_line, start

start(__name__)

import numpy as np

from _launch import ConfigOptions, check_file
from multimodal_rs.apis.trained import load_trained
from multimodal_rs.apis.trained_dataset import trained_dataset
from multimodal_rs.evaluation.report import write_json
from multimodal_rs.utils.configs import read_config
from multimodal_rs.utils.outputs import (
    check_folder,
    check_outputs,
    dataset_files,
)
from multimodal_rs.visualization.fusion import fusion_row
from multimodal_rs.visualization.fusion_report import (
    LevelView,
    simulated_displacement,
    summarize_level,
    view_tile,
)
from multimodal_rs.visualization.panel import Row, contact_sheet, save_png

ROWS = 6  # tiles in a picture


def main(arguments: Sequence[str] | None = None) -> None:
    """Look at the tiles, draw and summarise.

    Args:
        arguments: Command line, for tests.
    """
    args = _parse(arguments)
    check_file('config', args.config)
    check_file('checkpoint', args.checkpoint)
    check_folder('--out', args.out)
    cfg = read_config(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    trained = load_trained(cfg, args.checkpoint, args.device)
    dataset = trained_dataset(cfg.test_dataloader.dataset, trained.model)
    check_outputs(
        {f'--out: {path.name}': path for path in args.out.glob('fusion*')},
        chain([args.config, args.checkpoint], dataset_files(dataset)),
    )
    count = min(args.count, len(dataset))
    tiles = np.linspace(0, len(dataset) - 1, count).round().astype(int)
    samples = [dataset[i] for i in tiles.tolist()]
    views = [view_tile(trained.model, sample) for sample in samples]
    fields = [
        simulated_displacement(
            dataset, sample['data_samples'].metainfo['sample_id']
        )
        for sample in samples
    ]
    levels = list(zip(*views, strict=True))
    for level in levels:
        shown = list(zip(samples, level, strict=True))[:ROWS]
        rows = [
            _row(sample, view, dataset.modalities) for sample, view in shown
        ]
        title = f'{Path(args.config).stem}, stride {level[0].stride:g}'
        sheet = contact_sheet(rows, (), (), title, 384)
        target = args.out / f'fusion_stride{level[0].stride:g}.png'
        save_png(sheet, target)
        print(f'Wrote {target}')
    summaries = [summarize_level(list(level), fields) for level in levels]
    target = args.out / 'fusion.json'
    write_json(target, dict(tiles=count, levels=summaries))
    print(f'Wrote {target}')


def _row(sample: dict, view: LevelView, modalities: dict) -> Row:
    images = {m: x.numpy() for m, x in sample['inputs'].items()}
    positions = {
        m: (view.centres, moves, view.samples.get(m))
        for m, moves in view.moves.items()
    }
    title = str(sample['data_samples'].metainfo['sample_id'])
    return fusion_row(title, images, modalities, view.weights, positions)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file of the network')
    parser.add_argument('checkpoint', help='what its training wrote')
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('fusion'),
        help='folder for the results (%(default)s)',
    )
    parser.add_argument(
        '--count', type=int, default=40, help='number of tiles (%(default)s)'
    )
    parser.add_argument('--device', default='cpu', help='(%(default)s)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=ConfigOptions,
        metavar='KEY=VALUE',
        help='change values of the config',
    )
    args = parser.parse_args(arguments)
    if args.count < 1:
        parser.error(f'--count: expected at least 1, got {args.count}')
    return args


if __name__ == '__main__':
    main()
