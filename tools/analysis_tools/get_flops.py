#!/usr/bin/env python3
"""Parameters of a network, and what one image costs.

    python tools/analysis_tools/get_flops.py CONFIG [--shape H W]

Counted as in mmengine and fvcore, one for a multiply-add of convolutions and
linear layers; selective scans as VMamba's authors do, 9 L D N + D L for each
sequence. What the fused head needs is counted, in test mode.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from _bootstrap import command_line, start

start(__name__)

from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from _launch import check_file
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.results.complexity import count_flops
from multimodal_rs.utils.configs import read_config


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of one config.

    Args:
        arguments: Command line, for tests.
    """
    args = _parse(arguments)
    check_file('config', args.config)
    cfg = read_config(args.config)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    model = MODELS.build(cfg.model).eval()
    modalities = build_modalities(cfg.train_dataloader.dataset.modalities)
    bands = {name: m.channels for name, m in modalities.items()}
    parameters = sum(p.numel() for p in model.parameters())
    operators, parts = count_flops(model, bands, tuple(args.shape))
    height, width = args.shape
    print(f'input: 1 x {bands} at {height} x {width}')
    print(f'parameters: {parameters:,}')
    print(f'flops: {sum(operators.values()) / 1e9:.2f} G')
    for title, counter in (('operator', operators), ('part', parts)):
        print(f'by {title}')
        for name, number in counter.most_common():
            print(f'  {name:30} {number / 1e9:8.3f} G')


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('config', help='config file of the network')
    parser.add_argument(
        '--shape',
        nargs=2,
        type=command_line.count(1),
        default=(256, 256),
        metavar=('H', 'W'),
        help='size of the image in pixels (default: 256 256)',
    )
    return parser.parse_args(arguments)


if __name__ == '__main__':
    main()
