#!/usr/bin/env python3
"""Training of a segmentor: ``python tools/train.py CONFIG [options]``.

The options are those of mmseg's tools/train.py.
"""

import argparse
import logging
import os
import zipfile
from pathlib import Path

from _bootstrap import command_line, restrict_checkpoint_loading, start

start(__name__)

from mmengine.config import Config, ConfigDict
from mmengine.logging import print_log
from mmengine.runner import Runner

from _launch import (
    add_common_arguments,
    close_processes,
    load_config,
    prepare_cpu_processes,
    quiet_log,
    say_where,
)


def parse_args() -> argparse.Namespace:
    parser = command_line.CommandParser(description='Train a segmentor')
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
        cfg: Config; its ``optim_wrapper``, or each of several in it, is
            changed.

    Raises:
        SystemExit: If an optimiser wrapper has no mixed-precision form.
    """
    wrappers = optim_wrappers(cfg.optim_wrapper)
    kinds = {
        name: wrapper.get('type', 'OptimWrapper')
        for name, wrapper in wrappers.items()
    }
    others = {
        name: kind
        for name, kind in kinds.items()
        if kind not in ('OptimWrapper', 'AmpOptimWrapper')
    }
    if others or not wrappers:
        raise SystemExit(
            "--amp: expected the type 'OptimWrapper', got "
            f'{others or cfg.optim_wrapper}: leave --amp out, or set the '
            'precision in the config'
        )
    if 'OptimWrapper' not in kinds.values():
        print_log(
            '--amp: the config enables mixed precision already',
            logger='current',
            level=logging.WARNING,
        )
    for name, wrapper in wrappers.items():
        if kinds[name] == 'OptimWrapper':
            wrapper.type = 'AmpOptimWrapper'
            wrapper.loss_scale = 'dynamic'


def optim_wrappers(config: ConfigDict) -> dict[str, ConfigDict]:
    """Return all optimiser wrappers of a config by the names they have in it.

    One has its ``optimizer`` in ``config`` itself. Several, for instance of
    a generator and a discriminator, stand beside the ``constructor`` that
    builds them.
    """
    if 'optimizer' in config or 'type' in config:
        return {'optim_wrapper': config}
    return {
        name: value
        for name, value in config.items()
        if isinstance(value, dict) and 'optimizer' in value
    }


def check_optimizers(cfg: Config) -> None:
    """Stop if there is no optimiser of that name.

    mmengine would look into its arguments before it looks for it.

    Raises:
        SystemExit: With the name.
    """
    from mmseg.registry import OPTIMIZERS

    for name, wrapper in optim_wrappers(cfg.get('optim_wrapper', {})).items():
        kind = wrapper.get('optimizer', {}).get('type')
        if isinstance(kind, str) and OPTIMIZERS.get(kind) is None:
            raise SystemExit(
                f'{name}.optimizer: there is no optimiser {kind!r}, expected '
                'one of torch.optim, such as SGD or AdamW: correct its type'
            )


def readable_checkpoint(folder: str) -> str | None:
    """Find what a run with a damaged last checkpoint resumes from.

    A checkpoint is damaged if the run was killed while it was written.

    Returns:
        The newest complete checkpoint; None if it is the one that mmengine
        takes anyway, or if there is none.
    """
    last = Path(folder, 'last_checkpoint')
    if not last.is_file():
        return None
    wanted = Path(folder, Path(last.read_text().strip()).name)
    if not wanted.exists() or zipfile.is_zipfile(wanted):
        return None
    older = [
        *Path(folder).glob('epoch_*.pth'),
        *Path(folder).glob('iter_*.pth'),
    ]
    older = [p for p in older if zipfile.is_zipfile(p)]
    if not older:
        raise SystemExit(
            f'--resume: {wanted} is not complete and there is no older '
            'checkpoint: delete it and train without --resume'
        )
    newest = max(older, key=os.path.getmtime)
    print(f'--resume: {wanted} is not complete, continues from {newest}')
    return str(newest)


def build_runner(cfg: Config) -> Runner:
    """Build the runner, of the class that the config's runner_type names."""
    if 'runner_type' not in cfg:
        return Runner.from_cfg(cfg)
    from mmseg.registry import RUNNERS

    return RUNNERS.build(cfg)


def check_training_data(runner: Runner) -> None:
    """Stop before the schedules are built if there is nothing to train on.

    Raises:
        ValueError: With one line that says why.
    """
    from multimodal_rs.engine.batch_check_hook import check_batches

    check_batches(runner.train_loop.dataloader, runner.model)


def main() -> None:
    args = parse_args()
    restrict_checkpoint_loading()
    cfg = load_config(args)
    if args.amp:
        enable_amp(cfg)
    cfg.resume = args.resume
    if args.resume and cfg.get('load_from') is None:
        cfg.load_from = readable_checkpoint(cfg.work_dir)
    check_optimizers(cfg)
    prepare_cpu_processes(cfg)
    runner = build_runner(cfg)
    quiet_log(runner.logger)
    check_training_data(runner)
    runner.train()
    say_where(runner, trained=True)
    del runner
    close_processes()


if __name__ == '__main__':
    main()
