#!/usr/bin/env python3
"""Train a segmentor: ``python tools/train.py CONFIG [options]``.

The options are those of mmseg's tools/train.py.
"""

import argparse
import logging

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import Runner

from _bootstrap import add_source_path, restrict_checkpoint_loading
from _launch import (
    add_common_arguments,
    close_processes,
    load_config,
    prepare_cpu_processes,
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Train a segmentor')
    parser.add_argument('config', help='config file of the run')
    parser.add_argument(
        '--work-dir', help='folder for logs and checkpoints, created if needed'
    )
    parser.add_argument(
        '--resume',
        action='store_true',
        help='continue from the latest checkpoint in the work directory',
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='train in automatic mixed precision',
    )
    add_common_arguments(parser)
    return parser.parse_args()


def enable_amp(cfg: Config) -> None:
    """Train in mixed precision, with dynamic loss scaling.

    Args:
        cfg: Config; its ``optim_wrapper`` is changed.

    Raises:
        SystemExit: If the optimiser wrapper has no mixed-precision form.
    """
    kind = cfg.optim_wrapper.type
    if kind == 'AmpOptimWrapper':
        print_log(
            '--amp: the config enables mixed precision already',
            logger='current',
            level=logging.WARNING,
        )
        return
    if kind != 'OptimWrapper':
        raise SystemExit(
            "--amp: expected optim_wrapper.type 'OptimWrapper', got "
            f'{kind!r}: leave --amp out, or set the precision in the config'
        )
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.loss_scale = 'dynamic'


def build_runner(cfg: Config) -> Runner:
    """Build the runner, of the class that the config's runner_type names."""
    if 'runner_type' not in cfg:
        return Runner.from_cfg(cfg)
    from mmseg.registry import RUNNERS

    return RUNNERS.build(cfg)


def main() -> None:
    args = parse_args()
    add_source_path()
    restrict_checkpoint_loading()
    cfg = load_config(args)
    if args.amp:
        enable_amp(cfg)
    cfg.resume = args.resume
    prepare_cpu_processes(cfg)
    build_runner(cfg).train()
    close_processes()


if __name__ == '__main__':
    main()
