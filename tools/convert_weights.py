#!/usr/bin/env python3
"""Conversion of an authors' checkpoint into one of ours.

    python tools/convert_weights.py SRC DST --source joitrinet

Prints every key that no rule knows, and exits with 1 if there is one; then
nothing is written. With ``--config`` the result is compared with that model
first: every tensor must be there, in its shape. Where a network concatenates
modalities (DF2RQ's), their order in the checkpoint is printed and kept beside
the weights; with ``--config`` the weights are brought into the order of the
config.
"""

import argparse
import sys
from collections.abc import Sequence

from _bootstrap import command_line, start

start(__name__)

import torch

from _launch import check_checkpoint
from multimodal_rs.utils.configs import read_config
from multimodal_rs.utils.files import atomic_path
from multimodal_rs.utils.outputs import check_outputs
from multimodal_rs.weights.conversion import converters
from multimodal_rs.weights.conversion.concat_order import in_order, stem_order
from multimodal_rs.weights.trust import is_trusted, require_dict, restricted

WRAPPERS = ('state_dict', 'model_state_dict', 'model', 'net')


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert one file.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code: 0 if every key was converted.
    """
    args = _parse(arguments)
    check_checkpoint(args.src)
    check_outputs({'DST': args.dst}, filter(None, (args.src, args.config)))
    source = _state_dict(args.src)
    if not source:
        print(
            f'{args.src} has no tensors, neither by themselves nor under one '
            f'of {WRAPPERS}: {args.dst} is not written'
        )
        return 1
    state, unmatched, dropped = converters()[args.source](source)
    for key in unmatched:
        print(f'unmatched: {key}')
    for key in dropped:
        print(f'not needed: {key}')
    used = len(source) - len(unmatched) - len(dropped)
    print(
        f'{used} of {len(source)} keys converted, into {len(state)} tensors '
        f'({args.source})'
    )
    order = stem_order(state)
    if order:
        print(
            f'modalities in the order of the checkpoint: {list(order)}; a '
            'config has to declare them in this order, unless --config names '
            'it here'
        )
    problems = len(unmatched)
    if args.config is not None:
        model = _build(args.config)
        if order and sorted(order) == sorted(model.modalities):
            state = in_order(state, model.modalities)
            order = model.modalities
        problems += _report_misfits(state, model.state_dict())
    if problems:
        print(f'{args.dst} is not written: {problems} keys do not fit')
        return 1
    with atomic_path(args.dst) as temporary:
        meta = dict(source=args.source)
        if order:
            meta['modalities'] = list(order)
        torch.save(dict(state_dict=state, meta=meta), temporary)
    print(f'{args.dst} written')
    return 0


def _state_dict(path: str) -> dict[str, torch.Tensor]:
    """Read the weights only; a pickle that runs code is refused.

    Unless ``TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1``, for a file one trusts.
    """
    with restricted(path):
        content = torch.load(
            path, map_location='cpu', weights_only=not is_trusted()
        )
    content = require_dict(content, path)
    while inner := [n for n in WRAPPERS if isinstance(content.get(n), dict)]:
        content = content[inner[0]]
    return {
        key.removeprefix('module.'): tensor
        for key, tensor in content.items()
        if isinstance(key, str) and isinstance(tensor, torch.Tensor)
    }


def _build(config: str) -> torch.nn.Module:
    from mmengine.registry import init_default_scope
    from mmseg.registry import MODELS

    cfg = read_config(config)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    return MODELS.build(cfg.model)


def _report_misfits(
    state: dict[str, torch.Tensor], target: dict[str, torch.Tensor]
) -> int:
    problems = 0
    for key in sorted(set(state) | set(target)):
        if key not in state:
            line = 'missing in the checkpoint'
        elif key not in target:
            line = 'unknown to the config'
        elif state[key].shape != target[key].shape:
            got, expected = tuple(state[key].shape), tuple(target[key].shape)
            line = f'shape {got}, the config needs {expected}'
        else:
            continue
        problems += 1
        print(f'{key}: {line}')
    return problems


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('src', help="the authors' checkpoint")
    parser.add_argument('dst', help='file to write')
    parser.add_argument('--source', required=True, choices=list(converters()))
    parser.add_argument(
        '--config', help='config of the model that the result must fit'
    )
    return parser.parse_args(arguments)


if __name__ == '__main__':
    sys.exit(main())
