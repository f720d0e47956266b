"""Arguments, checks and process groups, which train.py and test.py share."""

import argparse
import gc
import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.runner import Runner

# What mmengine's own hooks and ours log about mmengine's own functions.
LOG_NOISE = (
    '"FileClient" will be deprecated in future',
    '"HardDiskBackend" is the alias of "LocalBackend"',
    'The prefix is not set in metric class',
)


class ConfigOptions(DictAction):
    """KEY=VALUE arguments, as mmengine reads them, or an error of usage.

    A path that exists stays as it is: mmengine takes blanks out, and takes
    commas and brackets for those of a list.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Sequence[str],
        option_string: str | None = None,
    ) -> None:
        wrong = [word for word in values if '=' not in word]
        if wrong:
            parser.error(
                f'{option_string}: expected KEY=VALUE, got {wrong[0]!r} '
                '(no blanks around the sign, quotes around lists)'
            )
        for word in values:
            key, value = word.split('=', maxsplit=1)
            if '/' in value and os.path.exists(value):
                given = getattr(namespace, self.dest) or {}
                setattr(namespace, self.dest, given | {key: value})
            else:
                super().__call__(parser, namespace, [word], option_string)


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of mmseg's train.py and test.py that are the same."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=ConfigOptions,
        metavar='KEY=VALUE',
        help='change values of the config: `optim_wrapper.optimizer.lr=1e-4`, '
        'lists as key="[a,b]" or key=a,b, nested ones as key="[(a,b),(c,d)]"; '
        'quoted, without blanks',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes, if there are several',
    )
    # torch.distributed.launch passes it; torchrun sets LOCAL_RANK instead.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def load_config(
    args: argparse.Namespace, change: Callable[[Config], None] | None = None
) -> Config:
    """Read the config and apply the command line to it.

    The work directory is, in this order, ``--work-dir``, ``work_dir`` of the
    config, or ``./work_dirs/<name of the config>``.

    Args:
        args: Parsed command line.
        change: Changes the config before ``--cfg-options`` do.
    """
    check_file('config', args.config)
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    from multimodal_rs.utils.configs import read_config
    from multimodal_rs.utils.ordered_config import OrderedConfig

    cfg = OrderedConfig.of(read_config(args.config))
    cfg.launcher = args.launcher
    if change is not None:
        change(cfg)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = f'./work_dirs/{Path(args.config).stem}'
    check_work_dir(cfg.work_dir)
    return without_own_dump(cfg)


def without_own_dump(cfg: Config) -> Config:
    """Let no run replace its own config by the one that it writes down.

    mmengine writes the config of a run, inherited values and all, into the
    work directory under its own name. If that is the file that was read, the
    copy returned here has no name, and is written under that of its log.
    """
    dump = Path(cfg.work_dir, Path(cfg.filename).name)
    if not dump.exists() or not dump.samefile(cfg.filename):
        return cfg
    print(
        f'{dump} is the config that was read: it stays as it is, and the one '
        'of this run is written beside it, named after the time'
    )
    return _unnamed(cfg)


def beside_training(cfg: Config) -> Config:
    """Let a test keep the config that a training has left in its folder.

    A test may have test-time augmentation, or other tiles. If its work
    directory holds a config of the same name, the copy returned here has no
    name, and is written under that of its log.
    """
    if cfg.filename is None:
        return cfg
    dump = Path(cfg.work_dir, Path(cfg.filename).name)
    return _unnamed(cfg) if dump.exists() else cfg


def _unnamed(cfg: Config) -> Config:
    return type(cfg)(dict(cfg), cfg_text=cfg.text)


def in_trained_order(cfg: Config, checkpoint: str) -> Config:
    """Put the modalities of a config in the order of a training.

    A copy of a config that mmengine has written is sorted.
    """
    from multimodal_rs.weights.modality_order import (
        order_of,
        orders_of,
        reordered,
    )
    from multimodal_rs.weights.trust import load_weights

    content = load_weights(checkpoint)
    return reordered(cfg, order_of(content), orders_of(content))


def check_file(what: str, path: str) -> None:
    """Stop with one line if a local file is not there.

    Args:
        what: How the message calls it.
        path: A path, or a URL of any kind, which is not checked.

    Raises:
        SystemExit: With the message.
    """
    if '://' in path or os.path.isfile(path):
        return
    got = 'a directory' if os.path.isdir(path) else 'nothing'
    raise SystemExit(
        f'{what} {path!r}: expected a file, found {got} (relative paths start '
        f'at {os.getcwd()!r}): correct the path'
    )


def check_checkpoint(path: str) -> None:
    """Stop with one line if a local file is no whole checkpoint of torch.

    Args:
        path: A path, or a URL of any kind, which is not checked.

    Raises:
        SystemExit: If there is no file.
        ValueError: If it is another kind of file, or damaged.
    """
    from multimodal_rs.weights.checkpoint_files import require_whole

    check_file('checkpoint', path)
    require_whole(path)


def check_weights(runner: Runner, checkpoint: str) -> None:
    """Refuse a checkpoint of another network.

    mmengine would log what does not fit, and score or train random weights.

    Raises:
        ValueError: If a tensor is missing, unknown or of another shape.
    """
    from multimodal_rs.utils.wrappers import unwrapped
    from multimodal_rs.weights.strict import load_strictly
    from multimodal_rs.weights.trust import load_weights

    content = load_weights(checkpoint)
    weights = content.get('state_dict', content)
    weights = {k.removeprefix('module.'): v for k, v in weights.items()}
    load_strictly(unwrapped(runner.model), weights, checkpoint)


def is_first_process(launcher: str) -> bool:
    """Whether this is the first of the processes that a launcher has started.

    Known before the process group is opened.

    Args:
        launcher: As on the command line.
    """
    ranks = dict(
        pytorch='RANK', slurm='SLURM_PROCID', mpi='OMPI_COMM_WORLD_RANK'
    )
    return launcher == 'none' or os.environ.get(ranks[launcher], '0') == '0'


def check_work_dir(path: str) -> None:
    """Stop with one line if nothing can be written below ``path``.

    Found out now rather than when the first checkpoint is saved.

    Args:
        path: Directory, created if necessary.

    Raises:
        SystemExit: With the message.
    """
    try:
        os.makedirs(path, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise SystemExit(
            f'work directory {path!r}: expected one that can be created and '
            f'written, got {type(error).__name__}: {error.strerror} '
            f'({error.filename!r}): name another one with --work-dir, or '
            'change the permissions'
        ) from None


def prepare_cpu_processes(cfg: Config) -> None:
    """Let several processes of torchrun work together without a GPU.

    mmengine's ``pytorch`` launcher selects a CUDA device before it opens the
    process group, whatever the backend, and gives DistributedDataParallel
    device numbers. Both fail on a CPU. A group that is open already is used
    as it is, and the wrapper can be configured, so nothing has to be patched.

    Args:
        cfg: Config with ``launcher`` set; changed if this applies.
    """
    from mmengine.device import get_device
    from torch import distributed

    if cfg.launcher != 'pytorch' or get_device() != 'cpu':
        return
    cfg.merge_from_dict({'env_cfg.dist_cfg.backend': 'gloo'})
    wrapper = {
        'type': 'MMDistributedDataParallel',
        'broadcast_buffers': False,
        'find_unused_parameters': cfg.get('find_unused_parameters', False),
        **(cfg.get('model_wrapper_cfg') or {}),
        'device_ids': None,
    }
    cfg.model_wrapper_cfg = wrapper
    timeout = cfg.env_cfg.dist_cfg.get('timeout')
    distributed.init_process_group(
        'gloo', timeout=None if timeout is None else timedelta(0, timeout)
    )
    if distributed.get_rank() == 0:
        print(
            'No GPU: the processes talk through the gloo backend instead of '
            'the one in env_cfg.dist_cfg.'
        )


def quiet_log(logger: logging.Logger) -> None:
    """Leave out of a log what mmengine says about its own functions."""
    logger.addFilter(
        lambda record: not record.getMessage().startswith(LOG_NOISE)
    )


def say_where(
    runner: Runner, trained: bool = False, maps: str | None = None
) -> None:
    """Log where checkpoints, tables and pictures of a run are.

    Args:
        runner: After training or testing.
        trained: Whether this run has written checkpoints.
        maps: Folder of predicted maps, if they were asked for.
    """
    folder, log_dir = Path(runner.work_dir), Path(runner.log_dir)
    visualizer = runner.cfg.get('visualizer') or {}
    drawn = Path(visualizer.get('save_dir') or log_dir, 'vis_data')
    sheet, single = drawn / 'contact_sheet.png', drawn / 'vis_image'
    best = runner.message_hub.get_info('best_ckpt', None)
    last = folder / 'last_checkpoint'
    places = {
        'best checkpoint': best if trained else None,
        'last checkpoint': (
            last.read_text().strip() if trained and last.is_file() else None
        ),
        'tables': log_dir if any(log_dir.glob('*.csv')) else None,
        'pictures': single if single.is_dir() else None,
        'contact sheet': sheet if sheet.is_file() else None,
        'predicted maps': maps,
        'log': log_dir / f'{log_dir.name}.log',
    }
    lines = [
        f'  {what:<16} {where}' for what, where in places.items() if where
    ]
    runner.logger.info('\n'.join(['Results are in', *lines]))


def close_processes() -> None:
    """Close the process group, if there is one, before Python ends.

    The threads of gloo hold Python objects until they have put the last
    message away; when Python ends before that, the process is aborted after
    all work is done, and torchrun reports a failure. They stop when nobody
    holds the group any more: the runner must be out of reach by now.
    """
    from torch import distributed

    if distributed.is_available() and distributed.is_initialized():
        gc.collect()
        distributed.destroy_process_group()
