#!/usr/bin/env python3
"""Test of a checkpoint: ``python tools/test.py CONFIG CHECKPOINT [options]``.

The options are those of mmseg's tools/test.py, and --test-on.
"""

import argparse

from _bootstrap import command_line, restrict_checkpoint_loading, start

start(__name__)

from mmengine.config import Config
from mmengine.runner import Runner

from _launch import (
    add_common_arguments,
    beside_training,
    check_checkpoint,
    check_weights,
    close_processes,
    in_trained_order,
    load_config,
    prepare_cpu_processes,
    quiet_log,
    say_where,
)


def parse_args() -> argparse.Namespace:
    parser = command_line.CommandParser(description='Test (and score) a model')
    parser.add_argument('config', help='config file of the run')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--work-dir', help='folder for the log and the scores, as json'
    )
    parser.add_argument(
        '--out', help='folder for the predicted maps, to be scored elsewhere'
    )
    parser.add_argument(
        '--show', action='store_true', help='show the predictions in a window'
    )
    parser.add_argument(
        '--show-dir',
        help='draw the predictions into vis_data/ below this folder',
    )
    parser.add_argument(
        '--wait-time',
        type=float,
        default=2,
        help='seconds that each picture of --show stays',
    )
    parser.add_argument(
        '--test-on',
        metavar='DATASET',
        help='test on the tiles, and with the measures, of another config of '
        'the same data set: a path, or a name in configs/_base_/datasets',
    )
    parser.add_argument(
        '--tta', action='store_true', help='test-time augmentation'
    )
    add_common_arguments(parser)
    return parser.parse_args()


def choose_tiles(cfg: Config, dataset: str | None) -> None:
    """Replace the tiles that the config tests on, if others are named."""
    from multimodal_rs.utils.configs import point_test_at

    if dataset is not None:
        point_test_at(cfg, dataset)


def draw_predictions(cfg: Config, args: argparse.Namespace) -> None:
    """Switch the config's visualisation hook on.

    Raises:
        SystemExit: If the config has none.
    """
    hook = cfg.get('default_hooks', {}).get('visualization')
    if hook is None:
        raise SystemExit(
            '--show, --show-dir: expected a hook in '
            'default_hooks.visualization, got none: add '
            "visualization=dict(type='MultiModalVisualizationHook')"
        )
    hook.draw = True
    if args.show:
        hook.show = True
        hook.wait_time = args.wait_time
    if args.show_dir:
        cfg.visualizer.save_dir = args.show_dir


def augment_at_test_time(cfg: Config) -> None:
    """Wrap the model and replace the pipeline by the config's TTA settings.

    Raises:
        SystemExit: If the config has none.
    """
    missing = [key for key in ('tta_model', 'tta_pipeline') if key not in cfg]
    if missing:
        raise SystemExit(
            f'--tta: the config has no {" and no ".join(missing)}: define '
            'them, or leave --tta out'
        )
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
    cfg.tta_model.module = cfg.model
    cfg.model = cfg.tta_model


def check_folders(args: argparse.Namespace) -> None:
    """Stop if nothing can be written where results are wanted.

    Whether maps would replace files of the data is for ``OutputCheckHook``.
    """
    from multimodal_rs.utils.outputs import check_folder

    for option in ('out', 'show_dir'):
        folder = getattr(args, option)
        if folder is not None:
            check_folder(f'--{option.replace("_", "-")}', folder)


def save_maps(cfg: Config, folder: str) -> None:
    """Let the metric, or the first of several, write the predicted maps."""
    evaluator = cfg.test_evaluator
    if isinstance(evaluator, (list, tuple)):
        evaluator = evaluator[0]
    evaluator['output_dir'] = folder
    evaluator['keep_results'] = True


def main() -> None:
    args = parse_args()
    restrict_checkpoint_loading()
    check_checkpoint(args.checkpoint)
    check_folders(args)
    cfg = load_config(args, lambda cfg: choose_tiles(cfg, args.test_on))
    cfg = beside_training(in_trained_order(cfg, args.checkpoint))
    cfg.load_from = args.checkpoint
    if args.show or args.show_dir:
        draw_predictions(cfg, args)
    if args.tta:
        augment_at_test_time(cfg)
    if args.out is not None:
        save_maps(cfg, args.out)
    prepare_cpu_processes(cfg)
    runner = Runner.from_cfg(cfg)
    quiet_log(runner.logger)
    check_weights(runner, args.checkpoint)
    runner.test()
    say_where(runner, maps=args.out)
    del runner
    close_processes()


if __name__ == '__main__':
    main()
