#!/usr/bin/env python3
"""Training of a segmentor: ``python tools/train.py CONFIG [options]``.

The options are those of mmseg's tools/train.py.
"""

import argparse
import contextlib
import logging
import os

from _bootstrap import command_line, restrict_checkpoint_loading, start

start(__name__)

from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.dist import all_gather_object
from mmengine.logging import print_log
from mmengine.runner import Runner

from _launch import (
    add_common_arguments,
    check_checkpoint,
    check_weights,
    close_processes,
    in_trained_order,
    is_first_process,
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
        help='continue from the last whole checkpoint in the work directory',
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


def check_precision(cfg: Config) -> None:
    """Stop if mixed precision is asked for and there is nothing to do it.

    Raises:
        SystemExit: With the device.
    """
    kind, device = cfg.get('optim_wrapper', {}).get('type'), get_device()
    if kind == 'AmpOptimWrapper' and device in ('cpu', 'mps'):
        raise SystemExit(
            "mixed precision (--amp, or optim_wrapper.type='AmpOptimWrapper') "
            f'needs a GPU, found the device {device!r}: leave --amp out, or '
            "set the type to 'OptimWrapper'"
        )


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


def choose_start(cfg: Config, resume: bool, given: bool) -> None:
    """Decide from which checkpoint a run starts or goes on, if from any.

    With ``--resume`` it is the last whole one in the folder of the run. One
    that ``load_from`` names on the command line comes first; where it stands
    in the config only, it gives a new run its weights.

    Args:
        cfg: Its ``resume`` and ``load_from`` are set.
        resume: Whether ``--resume`` was given.
        given: Whether ``load_from`` was, on the command line.

    Raises:
        ValueError: If a file is damaged, and no older one is whole.
    """
    from multimodal_rs.weights.resume import resumable_checkpoint

    def say(line: str) -> None:
        if is_first_process(cfg.launcher):
            print(f'--resume: {line}', flush=True)

    cfg.resume = resume
    if resume and not given:
        hook = cfg.get('default_hooks', {}).get('checkpoint') or {}
        found = resumable_checkpoint(cfg.work_dir, say, hook.get('out_dir'))
        if found is not None:
            cfg.load_from = str(found)
            return
        say(f'no checkpoint in {cfg.work_dir}, training starts')
        cfg.resume = False
    if cfg.get('load_from') is not None:
        check_checkpoint(cfg.load_from)
        if resume and given:
            say(f'continues from {cfg.load_from}, as load_from says')


def check_start_is_kept(cfg: Config) -> None:
    """Stop if a new run would replace the checkpoint that it starts from.

    Raises:
        SystemExit: With the checkpoint.
    """
    start = cfg.get('load_from')
    if start is None or cfg.resume or '://' in start:
        return
    if os.path.samefile(os.path.dirname(start) or '.', cfg.work_dir):
        raise SystemExit(
            f'load_from: {start} lies in the work directory, where this run '
            'writes its own checkpoints and removes old ones: name another '
            'folder with --work-dir, or go on with --resume'
        )


def check_same_start(cfg: Config) -> None:
    """Stop if the processes of a run have found different checkpoints.

    Raises:
        ValueError: With what each of them has found.
    """
    found = all_gather_object(cfg.get('load_from'))
    if len(set(found)) > 1:
        raise ValueError(
            'all processes must start from the same checkpoint, they found '
            f'{found}: use a work directory that all of them see, and start '
            'again if a checkpoint has just been written in it'
        )


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
    from multimodal_rs.utils.folder_lock import only_one

    with contextlib.ExitStack() as stack:
        if is_first_process(args.launcher):
            stack.enter_context(only_one(cfg.work_dir, 'train'))
        given = (args.cfg_options or {}).get('load_from') is not None
        choose_start(cfg, args.resume, given)
        if cfg.resume:
            cfg = in_trained_order(cfg, cfg.load_from)
        check_start_is_kept(cfg)
        check_optimizers(cfg)
        check_precision(cfg)
        stack.enter_context(command_line.ending_when_told())
        train(cfg)


def train(cfg: Config) -> None:
    """Train, and say where the results are."""
    prepare_cpu_processes(cfg)
    runner = build_runner(cfg)
    quiet_log(runner.logger)
    check_same_start(cfg)
    check_training_data(runner)
    if cfg.resume:
        check_weights(runner, cfg.load_from)
    runner.train()
    say_where(runner, trained=True)
    del runner
    close_processes()


if __name__ == '__main__':
    main()
