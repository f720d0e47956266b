"""Configs that are read from files."""

import os
from pathlib import Path

import yaml
from mmengine.config import Config

from multimodal_rs.utils.installation import dataset_config


def read_config(
    path: str | os.PathLike, import_custom_modules: bool = True
) -> Config:
    """Read a config, Python, JSON or YAML.

    mmengine reads YAML with a loader that runs what a tag names
    (``!!python/object/apply:...``). Files with tags beyond plain data are
    refused here, before that loader sees them. A config in Python is a
    program and is run.

    Args:
        path: Its file.
        import_custom_modules: Whether to import what ``custom_imports`` names.

    Raises:
        ValueError: If a YAML file, or one that it inherits, is no plain data.
        FileNotFoundError: If it does not exist.
    """
    _check_yaml(Path(path), ())
    return Config.fromfile(path, import_custom_modules=import_custom_modules)


def point_test_at(cfg: Config, name: str) -> None:
    """Let a config test on the tiles of another config of its data set.

    List, folder and batch size of the test come from there, labels and
    measures too if both read labels, and ``every_place``, if it is declared
    there, for normalisation that adapts. Modalities and pipeline stay those
    of ``cfg``.

    Args:
        cfg: A config with a network; changed.
        name: The other config, of a data set: a path, or the name of a file
            in ``configs/_base_/datasets``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is of another data set, or of other classes.
    """
    path = dataset_config(name)
    other = read_config(path)
    here, there = (c.test_dataloader.dataset for c in (cfg, other))
    if here.type != there.type:
        raise ValueError(
            f'{path} declares a {there.type}, expected a {here.type}, which '
            f'{cfg.filename} tests on: name a config of the same data set'
        )
    ours, theirs = (
        (d.get('metainfo') or {}).get('classes') for d in (here, there)
    )
    if ours and theirs and list(ours) != list(theirs):
        raise ValueError(
            f'{path} declares the classes {list(theirs)}, expected '
            f'{list(ours)}, which {cfg.filename} tests on: name a config of '
            'the same classes'
        )
    _take(here, there, ('data_root', 'ann_file', 'indices'))
    cfg.test_dataloader.batch_size = other.test_dataloader.batch_size
    if all(d.get('label') is not False for d in (here, there)):
        _take(here, there, ('label', 'label_dir'))
        cfg.test_evaluator = other.test_evaluator
    hooks = cfg.get('default_hooks', {})
    if 'every_place' in other and 'adapt_norm' in hooks:
        hooks.adapt_norm.places = other.every_place


def _take(here: dict, there: dict, keys: tuple[str, ...]) -> None:
    """Give keys the values that they have there, or none."""
    for key in keys:
        here.pop(key, None)
        if key in there:
            here[key] = there[key]


def _check_yaml(path: Path, heirs: tuple[Path, ...]) -> None:
    """Look through a file and what it inherits.

    Args:
        path: What ends otherwise than YAML is left to mmengine.
        heirs: The files that inherit it.
    """
    if path.suffix not in ('.yml', '.yaml'):
        return
    if path in heirs:
        raise ValueError(f'{path} inherits itself: correct _base_')
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = ' '.join(str(error).split())
        raise ValueError(
            f'{path}: expected YAML of plain data, got {reason}: write '
            'numbers, texts, lists and mappings only (tags such as '
            '!!python/... could run any code)'
        ) from error
    bases = content.get('_base_', []) if isinstance(content, dict) else []
    for base in [bases] if isinstance(bases, str) else bases:
        _check_yaml(path.parent / base, (*heirs, path))
