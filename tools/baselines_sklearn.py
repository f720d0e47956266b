#!/usr/bin/env python3
"""Training and test of classical classifiers, with a record of each run.

    python tools/baselines_sklearn.py CONFIG [CONFIG ...] --seeds 0 1 2

The configs are those of ``configs/sklearn``. A classifier is trained on the
labelled pixels of the training list, its parameters are chosen on those of
the validation, and the labelled pixels of the test are scored: the pixels,
windows and statistics of a network. Each modality alone gets a classifier of
its own. A finished run leaves ``record.json`` in
``<work-dir>/<config>/seed-<seed>`` as tools/run_seeds.py does, is kept, and
can be taken into the tables by ``tools/make_tables.py --add``.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from _bootstrap import command_line, start

start(__name__)

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

import multimodal_rs  # noqa: F401  registers the datasets
from multimodal_rs.classic.classifiers import (
    measures_of,
    score,
    subsets,
    train_best,
)
from multimodal_rs.classic.features import read_pixels
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.results import environment, runs
from multimodal_rs.results.record import (
    SCHEMA,
    Record,
    read_record,
    write_record,
)
from multimodal_rs.results.seeds import write_seeds
from multimodal_rs.utils.configs import read_config
from multimodal_rs.utils.outputs import check_folder
from multimodal_rs.utils.plain import plain

TOOLS = Path(__file__).resolve().parent
ROOT = TOOLS.parent
PARTS = ('train', 'val', 'test')


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing, then tabulate.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code, 0.
    """
    args = _parse(arguments)
    check_folder('--work-dir', args.work_dir)
    typed = shlex.join(arguments or sys.argv[1:])
    command = f'python tools/baselines_sklearn.py {typed}'
    records = []
    for path in args.configs:
        pixels = None
        for seed in args.seeds:
            folder = args.work_dir / path.stem / f'seed-{seed}'
            if (folder / runs.RECORD).exists():
                records.append(_kept(folder, path, args.options))
                continue
            config = read_config(path)
            for part in PARTS if args.data_root else ():
                dataset = config[f'{part}_dataloader'].dataset
                dataset.data_root = args.data_root
            if pixels is None:
                pixels = _read(config)
            print(f'{path}, seed {seed} -> {folder}', flush=True)
            _open(folder, path, args.options, command)
            record = run(path, config, pixels, seed, command)
            record = replace(record, options=args.options)
            write_record(folder / runs.RECORD, record)
            records.append(record)
    print(write_seeds(args.work_dir, records, command))
    return 0


def run(
    path: Path, config: Config, pixels: dict, seed: int, command: str
) -> Record:
    """Train and test one classifier for each subset of the modalities.

    Args:
        path: Of the config.
        config: What is in it, ``classifier`` among others.
        pixels: Of each part.
        seed: Of what is random.
        command: What was typed, for the record.

    Returns:
        The record of the run.
    """
    dataset = config.test_dataloader.dataset
    found = _classify(config, pixels, seed)
    method, name = runs.names(path, dataset.type)
    memory, memory_of = environment.peak_memory()
    modalities = build_modalities(dataset.modalities)
    return Record(
        schema=SCHEMA,
        config=runs.relative(path, ROOT),
        method=method,
        dataset=name,
        split={p: config[f'{p}_dataloader'].dataset.ann_file for p in PARTS},
        modalities={n: list(m.bands) for n, m in modalities.items()},
        seeds=[seed],
        options=[],
        measures=found.measures,
        spread=None,
        classes=found.classes,
        digits=None,
        parameters=None,
        flops=None,
        input_size=None,
        memory_mib=memory,
        memory_of=memory_of,
        train_seconds=found.trained,
        test_seconds=found.tested,
        epochs=None,
        iterations=None,
        device=[environment.device_name()],
        commits=[environment.commit(TOOLS)],
        command=command,
        versions=environment.versions() | dict(sklearn=_sklearn()),
        date=date.today().isoformat(),
        note=f'a classifier for each subset; parameters {found.chosen}',
    )


@dataclass
class Found:
    """What the classifiers of all subsets have measured.

    Attributes:
        measures: Per subset of the modalities.
        classes: Likewise, of single classes.
        chosen: Parameters, per subset.
        trained: Seconds of training, all subsets and parameters together.
        tested: Seconds of the test.
    """

    measures: dict = field(default_factory=dict)
    classes: dict = field(default_factory=dict)
    chosen: dict = field(default_factory=dict)
    trained: float = 0.0
    tested: float = 0.0


def _classify(config: Config, pixels: dict, seed: int) -> Found:
    """Train and test a classifier for each subset of the modalities."""
    wanted, found = config.classifier, Found()
    dataset = config.test_dataloader.dataset
    meta = dataset.get('metainfo') or DATASETS.get(dataset.type).METAINFO
    classes = list(meta['classes'])
    for names in subsets(list(dataset.modalities)):
        key, begin = '+'.join(names), time.time()
        grid = plain(wanted.grid)
        classifier, found.chosen[key] = train_best(
            wanted.kind, seed, grid, pixels['train'], pixels['val'], names
        )
        between = time.time()
        matrix = score(classifier, pixels['test'], names, len(classes))
        found.trained += between - begin
        found.tested += time.time() - between
        found.measures[key], found.classes[key] = measures_of(matrix, classes)
    return found


def _open(
    folder: Path, config: Path, options: list[str], command: str
) -> None:
    """Write down of what the run is, for :func:`_kept`."""
    folder.mkdir(parents=True, exist_ok=True)
    commit, machine = environment.commit(TOOLS), environment.device_name()
    runs.open_run(folder, config, options, commit, machine, command)


def _kept(folder: Path, config: Path, options: list[str]) -> Record:
    """Read the record of a finished run.

    Raises:
        ValueError: If it was made with another ``--data-root``, or of
            another config.
    """
    record = read_record(folder / runs.RECORD)
    if record.options != options:
        raise ValueError(
            f'{folder} has a run with the options {record.options}, expected '
            f'{options}: choose another --work-dir, or delete the folder'
        )
    if not runs.is_run_of(folder, config):
        raise ValueError(
            f'{folder} has a run of another config than {config}, or of it '
            'before it was changed: choose another --work-dir, or delete the '
            'folder'
        )
    return record


def _read(config: Config) -> dict:
    """Read the labelled pixels of all parts."""
    init_default_scope('mmseg')
    window = config.classifier.window
    return {
        part: read_pixels(config[f'{part}_dataloader'].dataset, window)
        for part in PARTS
    }


def _sklearn() -> str:
    import sklearn

    return sklearn.__version__


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('configs', type=Path, nargs='+', metavar='CONFIG')
    parser.add_argument(
        '--seeds',
        type=int,
        nargs='+',
        default=[0],
        help='(default: %(default)s)',
    )
    parser.add_argument(
        '--work-dir',
        type=Path,
        default=Path('work_dirs/sklearn'),
        help='(default: %(default)s)',
    )
    parser.add_argument(
        '--data-root',
        help='folder of the dataset, in the place of that of the config',
    )
    args = parser.parse_args(arguments)
    names = [path.stem for path in args.configs]
    if len({*names}) < len(names):
        parser.error(
            f'CONFIG: expected file names that differ, got {names}: their '
            'runs lie in folders of these names, give each a --work-dir'
        )
    args.options = [f'data_root={args.data_root}'] if args.data_root else []
    return args


if __name__ == '__main__':
    command_line.run(main)
