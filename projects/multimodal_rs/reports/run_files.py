"""What a run has left in its work directory, read for a report."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.config import Config

from multimodal_rs.results.runs import TESTING, TRAINING
from multimodal_rs.utils.configs import read_config
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import read_json

ACCURACY = 'land_cover.json'
SUBSETS = 'modality_subsets.json'
SCALARS = 'vis_data/scalars.json'
CONFIG = 'vis_data/config.py'
CALIBRATION = 'calibration.json'
SHEET = 'vis_data/contact_sheet.png'
AGAIN = 'test the run, or compare the map, again'
RUN = re.compile(r'\d{8}_\d{6}')  # how mmengine names the folders of runs
# Of the list that mmengine writes at the start of a log.
VERSION = re.compile(r'^ {4}(Python|PyTorch|OpenCV|MMEngine|GPU [\d,]+): (.*)')


@dataclass(frozen=True)
class Accuracy:
    """What ``LandCoverMetric`` has written of one test.

    Attributes:
        summary: Measure of all classes -> percent; None where undefined.
        classes: One dict per class: ``class``, ``PA``, ``UA``, ``IoU``,
            ``F1``, ``share``, ``truth_pixels``, ``predicted_pixels``.
        matrix: (K, K) pixels, ``matrix[truth, prediction]``.
    """

    summary: dict[str, float | None]
    classes: list[dict]
    matrix: np.ndarray


@dataclass(frozen=True)
class Curves:
    """What was logged while training, over the iterations.

    Attributes:
        losses: Term -> (iterations, values).
        validation: Measure -> (iterations, values).
    """

    losses: dict[str, tuple[list[int], list[float]]]
    validation: dict[str, tuple[list[int], list[float]]]


@dataclass(frozen=True)
class RunFiles:
    """A run that has been tested.

    Attributes:
        folder: Work directory.
        test: Folder of the newest test in it.
        accuracy: Subset of the modalities -> accuracy; all of them first.
        calibration: What ``CalibrationMetric`` has written; None: it was not
            asked.
        curves: Of its trainings, resumed ones joined.
        name: Of the config; of the folder where no config lies in it.
        config: With which it was tested.
        training: Config of the last training in the folder; that of the test
            where there is none.
        costs: Seconds, memory and the like of ``training.json`` and
            ``testing.json``; empty where the run did not write them.
        versions: Package or device -> version or name.
    """

    folder: Path
    test: Path
    accuracy: dict[str, Accuracy]
    calibration: dict | None
    curves: Curves
    name: str
    config: Config
    training: Config
    costs: dict[str, object]
    versions: dict[str, str]


def read_run(folder: Path) -> RunFiles:
    """Read a work directory.

    Args:
        folder: Of ``tools/train.py``, and of ``tools/test.py`` with the same
            ``--work-dir``.

    Raises:
        FileNotFoundError: If no test with ``LandCoverMetric`` lies in it.
        ValueError: If a file is damaged.
    """
    tests = [run for run in _runs(folder) if _is_test(run)]
    if not tests:
        raise FileNotFoundError(
            f'{folder}: expected the work directory of a run that was tested '
            f'(<time>/{ACCURACY} and <time>/<time>.json), found the runs '
            f'{[p.name for p in _runs(folder)]}: run tools/test.py with '
            '--work-dir first'
        )
    test = tests[-1]
    config = _read_dumped(_config(test))
    trainings = _trainings(folder)
    costs = {
        f'{Path(name).stem}_{key}': value
        for name in (TRAINING, TESTING)
        for key, value in (_optional(folder / name) or {}).items()
    }
    return RunFiles(
        folder=folder,
        test=test,
        accuracy=_accuracies(test),
        calibration=_optional(test / CALIBRATION),
        curves=read_curves(folder),
        name=_name(folder),
        config=config,
        training=_read_dumped(trainings[-1] / CONFIG) if trainings else config,
        costs=costs,
        versions=_versions(test),
    )


def read_curves(folder: Path) -> Curves:
    """Read what the trainings in a work directory have logged."""
    return _curves(_trainings(folder))


def check_work_dir(folder: Path) -> None:
    """Refuse what is no work directory of a training.

    Raises:
        FileNotFoundError: If no training in it has logged anything.
    """
    if not _trainings(folder):
        raise FileNotFoundError(
            f'{folder}: expected the work directory of a training '
            f'(<time>/{SCALARS}), found none in it: correct the path'
        )


def _runs(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob('*') if RUN.fullmatch(p.name))


def _trainings(folder: Path) -> list[Path]:
    """Find the trainings that have logged something, the oldest first."""
    return [run for run in _runs(folder) if (run / SCALARS).is_file()]


def _is_test(run: Path) -> bool:
    """Tell finished tests from trainings, which also validate.

    mmengine writes ``<time>/<time>.json`` when a test has ended.
    """
    ended = run / f'{run.name}.json'
    return (run / ACCURACY).is_file() and ended.is_file()


def _config(test: Path) -> Path:
    """Find the config of a test.

    With --show-dir mmengine writes it beside the pictures, and a copy into
    the work directory, under its own name or that of the run.

    Raises:
        FileNotFoundError: If there is none, or more than one.
    """
    named = [test / CONFIG, test.with_suffix('.py')]
    copies = sorted(test.parent.glob('[!0-9]*.py'))
    found = [path for path in named if path.is_file()] or copies
    if not found or (found is copies and len(copies) > 1):
        raise FileNotFoundError(
            f'{test}: expected the config of the test in {CONFIG} or as the '
            f'only one in {test.parent}, found {[p.name for p in copies]}: '
            f'{AGAIN} with a --work-dir of its own'
        )
    return found[0]


def _read_dumped(path: Path) -> Config:
    """Read a config that was dumped: it may name modules not installed."""
    return read_config(path, import_custom_modules=False)


def contact_sheet(run: RunFiles) -> Path | None:
    """Find the contact sheet of a run, if one was drawn."""
    sheet = run.test / SHEET
    return sheet if sheet.is_file() else None


def _name(folder: Path) -> str:
    """Name the run: mmengine keeps a copy of its config in the folder.

    A name of digits is that of a test beside it.
    """
    configs = sorted(folder.glob('[!0-9]*.py'))
    return configs[0].stem if len(configs) == 1 else folder.resolve().name


def _accuracies(test: Path) -> dict[str, Accuracy]:
    everything = read_accuracy(test / ACCURACY)
    if not (test / SUBSETS).is_file():
        return {'all modalities': everything}
    found = {}
    for number, key in enumerate(read_json(test / SUBSETS, AGAIN)):
        file = test / key / ACCURACY if number else test / ACCURACY
        # No sample had any of these modalities.
        if file.is_file():
            found[key] = read_accuracy(file)
    return found


def _optional(file: Path) -> dict | None:
    return read_json(file, AGAIN) if file.is_file() else None


def read_accuracy(file: Path) -> Accuracy:
    """Read what ``LandCoverMetric``, or the accuracy of a map, has written."""
    content = read_json(file, AGAIN)
    with reading(file, f'what a test or a comparison has written: {AGAIN}'):
        matrix = np.array(content['confusion_matrix']['pixels'], np.int64)
        return Accuracy(content['summary'], content['classes'], matrix)


def _curves(trainings: list[Path]) -> Curves:
    """Join what the trainings of a folder have logged.

    A training takes the place of what was logged from its first epoch on: a
    resumed one repeats what came after its checkpoint, one that was started
    anew everything.
    """
    losses, validation = {}, {}
    ends = {}  # epoch -> its last iteration that was logged
    for training in trainings:
        lines = _lines(training / SCALARS)
        first = next((line for line in lines if 'loss' in line), None)
        if first is not None:
            _forget(first, ends, [*losses.values(), *validation.values()])
        for line in lines:
            step = line['step']
            if 'loss' in line:
                if 'epoch' in line:
                    ends[line['epoch']] = step
                terms = {k: v for k, v in line.items() if 'loss' in k}
                target = losses
            else:
                # Validations are logged under their epoch, if there are any.
                step = ends.get(step, step)
                terms = {
                    k.rpartition('/')[2]: v
                    for k, v in line.items()
                    if '.' not in k and k not in ('data_time', 'time', 'step')
                }
                target = validation
            for name, value in terms.items():
                if isinstance(value, (int, float)):
                    target.setdefault(name, {})[step] = value
    return Curves(_sorted(losses), _sorted(validation))


def _forget(
    first: Mapping, ends: dict[int, int], logged: list[dict[int, float]]
) -> None:
    """Drop what was logged from the start of a later training on.

    Args:
        first: The first line with a loss that this training has logged.
        ends: Epoch -> its last iteration.
        logged: Iteration -> value.
    """
    until = first['step'] - 1
    if 'epoch' in first:
        for epoch in [e for e in ends if e >= first['epoch']]:
            del ends[epoch]
        until = max(ends.values(), default=0)
    for values in logged:
        for step in [step for step in values if step > until]:
            del values[step]


def _sorted(
    curves: Mapping[str, Mapping[int, float]],
) -> dict[str, tuple[list[int], list[float]]]:
    return {
        name: (sorted(values), [values[step] for step in sorted(values)])
        for name, values in curves.items()
        if values
    }


def _lines(file: Path) -> list[dict]:
    if not file.is_file():
        return []
    lines = file.read_text(encoding='utf-8').splitlines()
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError as error:
            if number == len(lines):  # a killed run was writing it
                break
            raise ValueError(
                f'{file}, line {number}: expected JSON, got {line[:60]!r}: '
                'delete the line, or the file'
            ) from error
    return found


def _versions(test: Path) -> dict[str, str]:
    found = {}
    for log in sorted(test.glob('*.log')):
        with log.open(encoding='utf-8', errors='replace') as lines:
            for line in lines:
                match = VERSION.match(line)
                if match:
                    found[match[1]] = match[2].strip()
                elif line.startswith('Runtime environment'):
                    break
    return found
