"""Lists of experiments: which configs are run, with which seeds."""

import glob
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from multimodal_rs.results import runs
from multimodal_rs.results.record import read_record
from multimodal_rs.utils.files import read_json


@dataclass(frozen=True)
class Experiments:
    """A list of experiments.

    Attributes:
        configs: Config files, relative to the current folder.
        seeds: Each config is run with each of them.
        options: ``--cfg-options`` of every run.
        compare_with: Name of the config that the others are compared with,
            run by run with the same seed.
        about: What the list is, for people.
    """

    configs: tuple[Path, ...]
    seeds: tuple[int, ...] = (0, 1, 2)
    options: tuple[str, ...] = ()
    compare_with: str | None = None
    about: str = ''


@dataclass(frozen=True)
class Run:
    """One config with one seed, in a folder of its own.

    Attributes:
        config: Config file.
        seed: Seed.
        work_dir: Folder of the series; ``run_seeds.py`` decides where in it.
        options: ``--cfg-options``.
    """

    config: Path
    seed: int
    work_dir: Path
    options: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return f'{self.config.stem}, seed {self.seed}'

    @property
    def record(self) -> Path:
        """The record that a finished run leaves."""
        folder = self.work_dir / self.config.stem / f'seed-{self.seed}'
        return folder / runs.RECORD

    @property
    def is_finished(self) -> bool:
        """Whether it has been run, with this config and these options."""
        if not self.record.exists():
            return False
        same = tuple(read_record(self.record).options) == self.options
        return same and runs.is_run_of(self.record.parent, self.config)

    @property
    def arguments(self) -> list[str]:
        """What ``run_seeds.py`` is told."""
        words = [str(self.config), '--seeds', str(self.seed)]
        words += ['--work-dir', str(self.work_dir)]
        return words + (['--cfg-options', *self.options] * bool(self.options))


def are_seeds(value: Any) -> bool:
    """Whether a value is a list of different seeds, at least one."""
    return (
        isinstance(value, list)
        and all(type(seed) is int and seed >= 0 for seed in value)
        and 0 < len(value) == len(set(value))
    )


def _are_texts(value: Any, fits: Callable[[str], object]) -> bool:
    return isinstance(value, list) and all(
        isinstance(text, str) and fits(text) for text in value
    )


def _is_option(text: str) -> bool:
    key, sign, _ = text.partition('=')
    return bool(key.strip() and sign)


SEEDS = 'whole numbers from 0, each of them once'
# What the value of each key has to be, and how that is said.
VALUES = {
    'about': (lambda value: isinstance(value, str), 'a text'),
    'configs': (
        lambda value: bool(value) and _are_texts(value, str.strip),
        'a list of paths or patterns, at least one, such as '
        '["configs/pscnn/*_ombria-128x128.py"]',
    ),
    'seeds': (are_seeds, f'a list of {SEEDS}, such as [0, 1, 2]'),
    'options': (
        lambda value: _are_texts(value, _is_option),
        'a list of KEY=VALUE, such as ["train_cfg.max_epochs=10"]',
    ),
    'compare_with': (
        lambda value: value is None or isinstance(value, str),
        'the name of a config of the list',
    ),
}


def read_experiments(path: Path, root: Path) -> Experiments:
    """Read a list.

    Args:
        path: JSON file with the keys of :data:`VALUES`; only ``configs`` is
            needed. A config is a path from ``root`` and may be a pattern, as
            of a shell, that stands for all Python files that fit it.
        root: Of the repository.

    Raises:
        ValueError: If the list is wrong, with what is.
    """
    content = read_json(path, 'correct it, or restore it')
    _check(path, content)
    configs = [
        config
        for pattern in content['configs']
        for config in _find(path, pattern, root)
    ]
    names = [config.stem for config in configs]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise ValueError(
            f'{path}: {double} named more than once, expected each config '
            'once: their runs would share a folder'
        )
    other = content.get('compare_with')
    if other is not None and other not in names:
        raise ValueError(
            f'{path}: compare_with={other!r} is no config of the list, '
            f'expected one of {names}'
        )
    return Experiments(
        tuple(configs),
        tuple(content.get('seeds', Experiments.seeds)),
        tuple(content.get('options', ())),
        other,
        content.get('about', ''),
    )


def _check(path: Path, content: dict) -> None:
    if 'configs' not in content:
        raise ValueError(
            f'{path}: expected a JSON object with the key "configs", a list '
            'of config files'
        )
    unknown = sorted(set(content) - set(VALUES))
    if unknown:
        raise ValueError(
            f'{path}: unknown keys {unknown}, expected some of {list(VALUES)}'
        )
    for key, value in content.items():
        fits, expected = VALUES[key]
        if not fits(value):
            raise ValueError(
                f'{path}: {key}={value!r}, expected {expected}: correct {key}'
            )


def _find(path: Path, pattern: str, root: Path) -> list[Path]:
    found = sorted(glob.glob(os.path.join(glob.escape(str(root)), pattern)))
    configs = [file for file in found if file.endswith('.py')]
    if not configs:
        names = [os.path.relpath(file, root) for file in found] or 'no file'
        raise ValueError(
            f'{path}: {pattern} fits {names} below {root}, expected a config, '
            '*.py: correct the path, which starts at the root of the '
            'repository'
        )
    return [Path(os.path.relpath(file)) for file in configs]
