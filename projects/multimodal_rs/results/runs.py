"""Folder of one run: what lies in it, and the record that is made of it."""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from multimodal_rs.results.record import SCHEMA, Record, write_record
from multimodal_rs.utils.configs import read_config
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import read_json, write_text

# Written by RunRecordHook, when training and when testing has ended.
TRAINING, TESTING = 'training.json', 'testing.json'
# The record of a finished run.
RECORD = 'record.json'
# How an unfinished run was started; it goes on with nothing else.
STARTED = 'run.json'
# What to do about a damaged file of a run.
RESTART = 'delete the folder, and the run starts anew'
AGAIN = {
    TRAINING: 'delete it, and training ends again from its last checkpoint',
    TESTING: 'delete it, and the run is tested again',
}
# Parameters and multiply-adds of the network, with the options of the run.
COMPLEXITY = 'complexity.json'
NAMES = 'tables.json'
# <method>_<backbone>_<gpus>xb<batch>-<schedule>_<dataset>-<crop>
CONFIG_NAME = re.compile(r'([^_]+)_[^_]+_\d+xb\d+-[^_]+_([^_]+)-[^_-]+')
# <method>_<dataset>: classical classifiers have no backbone and no schedule.
SHORT_NAME = re.compile(r'([^_]+)_([^_]+)')
CLASS_MEASURE = re.compile(r'(?P<measure>.*(?:IoU|PA|UA|F1))\.(?P<name>.+)')


@dataclass
class Ledger:
    """What a run was started with; more than once if it was interrupted."""

    options: list[str]
    commits: list[str] = field(default_factory=list)
    machines: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    config: str | None = None  # its digest


def open_run(
    folder: Path,
    config: Path,
    options: Sequence[str],
    commit: str,
    machine: str,
    command: str,
) -> None:
    """Write down with what a run starts or goes on; refuse to mix runs.

    Args:
        folder: Of the run.
        config: Config file.
        options: ``--cfg-options``.
        commit: Of the code now.
        machine: Device now.
        command: What was typed.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If the folder has a run with other options, or of another
            config.
    """
    file = folder / STARTED
    digest = config_digest(config)
    ledger = Ledger(list(options))
    if file.exists():
        ledger = _read_ledger(file)
    if ledger.options != list(options):
        raise ValueError(
            f'{folder} has a run with the options {ledger.options}, not '
            f'{list(options)}: choose another --work-dir, or delete the folder'
        )
    if ledger.config not in (None, digest):
        raise ValueError(
            f'{folder} has a run of another config than {config}, or of it '
            'before it was changed: choose another --work-dir, or delete the '
            f'folder (if the change changes no result, `config` in {file})'
        )
    if (folder / RECORD).exists():
        return
    ledger.config = digest
    for values, value in (
        (ledger.commits, commit),
        (ledger.machines, machine),
        (ledger.commands, command),
    ):
        if value not in values:
            values.append(value)
    write_text(file, json.dumps(vars(ledger)))


def config_digest(config: Path) -> str:
    """Compute what tells a config, with all that it inherits, from any other.

    The order of its keys counts, as that of modalities does; comments and
    the form of the files do not.

    Raises:
        FileNotFoundError: If it is not there.
        ValueError: If it cannot be read.
    """
    if not config.is_file():
        raise FileNotFoundError(
            f'config {config}: expected a file, found none (relative paths '
            f'start at {os.getcwd()}): correct the path'
        )
    try:
        content = read_config(config, import_custom_modules=False).to_dict()
    except Exception as error:  # it is a program
        raise ValueError(
            f'config {config} ends in {type(error).__name__}, {error}: '
            'correct it, or what it inherits'
        ) from error
    text = json.dumps(content, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def is_run_of(folder: Path, config: Path) -> bool:
    """Whether the run in a folder is one of this config, as far as is known.

    Args:
        folder: Of the run.
        config: Config file, as it is now. One that cannot be read is none.
    """
    file = folder / STARTED
    known = _read_ledger(file).config if file.exists() else None
    try:
        return known is None or known == config_digest(config)
    except ValueError:
        return False


def close_run(folder: Path, config: Path, root: Path, seed: int) -> Record:
    """Make the record of a run that has been trained and tested.

    Args:
        folder: Of the run.
        config: Config file.
        root: Of the repository.
        seed: Of the run.

    Returns:
        The record, which also lies in the folder from now on.
    """
    ledger = _read_ledger(folder / STARTED)
    training, testing = (
        read_json(folder / name, advice) for name, advice in AGAIN.items()
    )
    method, dataset = names(config, testing['dataset'])
    plain, classes = split_classes(testing['metrics'])
    cost = _complexity(folder / COMPLEXITY)
    record = Record(
        schema=SCHEMA,
        config=relative(config, root),
        method=method,
        dataset=dataset,
        split=training['split'],
        modalities=testing['modalities'],
        seeds=[seed],
        options=ledger.options,
        measures=plain,
        spread=None,
        classes=classes,
        digits=None,
        parameters=testing['parameters'],
        flops=cost.get('flops'),
        input_size=cost.get('input_size'),
        memory_mib=training['memory_mib'],
        memory_of=training['memory_of'],
        train_seconds=training['seconds'],
        test_seconds=testing['seconds'],
        epochs=training['epochs'],
        iterations=training['iterations'],
        device=ledger.machines,
        commits=ledger.commits,
        command='; '.join(ledger.commands) or None,
        versions=training['versions'],
        date=date.today().isoformat(),
        note=None,
    )
    write_record(folder / RECORD, record)
    return record


def names(config: Path, dataset: str) -> tuple[str, str]:
    """Name method and data set of a config for people.

    Args:
        config: Config file. ``names`` of ``results/tables.json`` beside it
            says what the words of its name mean.
        dataset: What the data set is called where the name does not say it.

    Returns:
        Method and data set; words without a name stand for themselves.
    """
    match = CONFIG_NAME.fullmatch(config.stem) or SHORT_NAME.fullmatch(
        config.stem
    )
    words = match.groups() if match else (config.stem, dataset)
    file = config.parent / 'results' / NAMES
    known = {}
    if file.exists():
        layout = read_json(file, 'restore it from the repository')
        known = layout.get('names', {})
    return tuple(known.get(word, word) for word in words)


def split_classes(
    metrics: Mapping[str, Mapping[str, float | None]],
) -> tuple[dict, dict]:
    """Separate measures of single classes (``IoU.forest``) from the others.

    Args:
        metrics: Per subset.

    Returns:
        Subset -> measure -> value, and subset -> measure -> class -> value.
    """
    plain, classes = {}, {}
    for subset, values in metrics.items():
        plain[subset] = {}
        for key, value in values.items():
            key = key.removeprefix('test/')  # says nothing in a record
            match = CLASS_MEASURE.fullmatch(key)
            if match is None:
                plain[subset][key] = value
                continue
            of_subset = classes.setdefault(subset, {})
            of_measure = of_subset.setdefault(match['measure'], {})
            of_measure[match['name']] = value
    return plain, classes


def relative(config: Path, root: Path) -> str:
    """Write a config's path as it is from the repository, if it is in it."""
    config, root = config.resolve(), root.resolve()
    if config.is_relative_to(root):
        return config.relative_to(root).as_posix()
    return config.name


def _read_ledger(file: Path) -> Ledger:
    with reading(file, f'what a run was started with: {RESTART}'):
        known = read_json(file, RESTART)
        # Runs that were started before commands were written down.
        known.setdefault('commands', [])
        return Ledger(**known)


def _complexity(file: Path) -> dict:
    if not file.exists():
        return {}
    return read_json(file, 'delete it, and the network is counted again')


def image_size(folder: Path) -> tuple[int, int] | None:
    """Return (H, W) of a training image of a run; None if not known."""
    content = read_json(folder / TRAINING, AGAIN[TRAINING])
    sizes = content['input_size']
    return tuple(next(iter(sizes.values()))[1:]) if sizes else None
