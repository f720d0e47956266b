"""The shipped configs, and which of them stand for others in the tests."""

import ast
import contextlib
import copy
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import DATASETS, TRANSFORMS
from mmseg.structures import SegDataSample

from helpers import ROOT
from multimodal_rs.datasets.modality import build_modalities

CONFIGS = sorted(
    str(p.relative_to(ROOT))
    for p in (ROOT / 'configs').glob('[!_]*/*.py')
    if p.parent.name != 'sklearn'  # no networks
)
PRETRAINING = [p for p in CONFIGS if '-pre_' in p]
MEMORY = '/dev/shm'  # a file system of Linux
BASES = ROOT / 'configs' / '_base_'
SIZE = (48, 40)  # (H, W); no multiple of the strides of all encoders


@contextlib.contextmanager
def files_in_memory() -> Iterator[None]:
    """Let mmengine copy a config and its bases into memory, not to a disk.

    It does so for every file that it reads, several thousand times here.
    """
    usual = tempfile.tempdir
    if os.access(MEMORY, os.W_OK):
        tempfile.tempdir = MEMORY
    try:
        yield
    finally:
        tempfile.tempdir = usual


@cache
def load(path: str) -> Config:
    """Load a config, once per process: copy what is changed."""
    with files_in_memory():
        cfg = Config.fromfile(ROOT / path)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    return cfg


def network(path: str) -> dict:
    """Return a model's config without what would fetch pretrained weights."""
    return _without(load(path).model.to_dict(), 'init_cfg')


def shallow(value):
    """Return a network with fewer of the blocks that its encoders repeat.

    At its full depth, it is built and asked for a prediction without values.
    """
    if isinstance(value, list | tuple):
        return [shallow(v) for v in value]
    if not isinstance(value, Mapping):
        return value
    network = {k: shallow(v) for k, v in value.items()}
    if network.get('type') == 'VisionTransformer':
        stages = len(network['out_indices'])
        network.update(num_layers=stages, out_indices=(*range(stages),))
    if network.get('depth') == 101:  # the same blocks, 16 of them, not 33
        network['depth'] = 50
    return network


def _without(value, key):
    if isinstance(value, Mapping):
        return {k: _without(v, key) for k, v in value.items() if k != key}
    if isinstance(value, list | tuple):
        return [_without(v, key) for v in value]
    return value


def name(path: str) -> str:
    return Path(path).stem


def representatives(paths: Iterable[str], key: Callable) -> list[str]:
    """Return the first of all paths that have a key in common."""
    first = {}
    for path in paths:
        first.setdefault(key(path), path)
    return list(first.values())


def small_first(path: str) -> tuple[bool, str]:
    """Order configs so that the small networks of a kind come first."""
    return '_simulated' not in path, path


def network_key(path: str) -> str:
    """Equal for configs with the same network, bands and number of classes.

    What stays out are values: statistics, and weights that are loaded.
    """
    cfg = load(path)
    modalities = build_modalities(cfg.train_dataloader.dataset.modalities)
    bands = {m: d.channels for m, d in modalities.items()}
    parts = dict(network(path), data_preprocessor=bands)
    return json.dumps([parts, len(metainfo(cfg)['classes'])], sort_keys=True)


def training_key(path: str) -> tuple:
    """Equal for configs that differ in numbers only.

    The model base, the classes of all parts (losses are among them) and the
    number of modalities. A smaller network that inherits a model base is the
    same kind of network.
    """
    parts = dict(network(path), data_preprocessor=None)
    modalities = load(path).train_dataloader.dataset.modalities
    return model_base(ROOT / path), frozenset(_types(parts)), len(modalities)


def model_base(path: Path) -> str:
    """Return which file a config takes its network from.

    The file in ``_base_/models`` that holds all of it, or the config that has
    a network of its own.
    """
    bases = _bases(path)
    for base in bases:
        if base.parent == BASES / 'models':
            return model_base(base)
    for base in bases:
        if BASES not in base.parents:
            return model_base(base)
    return path.stem


def _bases(path: Path) -> list[Path]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == '_base_':
            bases = ast.literal_eval(node.value)
            bases = [bases] if isinstance(bases, str) else bases
            return [(path.parent / base).resolve() for base in bases]
    return []


def _types(value) -> Iterator[str]:
    if isinstance(value, Mapping):
        if 'type' in value:
            yield value['type']
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for part in value:
        yield from _types(part)


def metainfo(cfg: Config) -> dict:
    """Return what the metrics are told about the training data."""
    dataset = cfg.train_dataloader.dataset
    return dataset.get('metainfo') or DATASETS.get(dataset.type).METAINFO


def random_batch(
    dataset: Mapping, num_classes: int, present: Iterable[str] | None = None
) -> dict:
    """Return two samples as the loader makes them, with random values.

    The steps of the pipeline that follow the packing are run.

    Args:
        dataset: Config; without ``label=False`` the samples have labels,
            three rows of them ignored.
        num_classes: How many labels there are.
        present: The modalities the samples have; None: all.
    """
    steps = copy.deepcopy(dataset['pipeline'])
    packing = [step['type'] for step in steps].index('PackMultiModalInputs')
    steps = [TRANSFORMS.build(step) for step in steps[packing + 1 :]]
    modalities = build_modalities(dataset['modalities'])
    size = (dataset['windows'],) * 2 if dataset.get('windows') else SIZE
    inputs, samples = {m: [] for m in modalities}, []
    for i in range(2):
        images = {
            m: torch.rand(d.channels, *size) for m, d in modalities.items()
        }
        if i == 0:
            next(iter(images.values()))[:, :5, :5] = torch.nan
        sample = SegDataSample(
            metainfo=dict(
                sample_id=str(i),
                ori_shape=size,
                img_shape=size,
                present_modalities=tuple(present or modalities),
            )
        )
        if dataset.get('label') is not False:
            label = torch.randint(0, num_classes, (1, *size))
            label[:, :3] = 255
            sample.gt_sem_seg = PixelData(data=label)
        packed = dict(inputs=images, data_samples=sample)
        for step in steps:
            packed = step(packed)
        for m, image in packed['inputs'].items():
            inputs[m].append(image)
        samples.append(packed['data_samples'])
    return dict(inputs=inputs, data_samples=samples)


def with_measured_step(cfg: Config) -> dict:
    """Let a config standardise its first modality, in a test at least.

    Returns:
        What a checkpoint says of its data. It alone has the numbers.
    """
    dataset = cfg.test_dataloader.dataset
    name, declared = next(iter(dataset.modalities.items()))
    steps = [*declared['values'], dict(type='Standardize')]
    for part in (dataset, cfg.model.data_preprocessor):
        part.modalities[name]['values'] = steps
    bands = len(declared['bands'])
    fit = dict(mean=[0.5] * bands, std=[0.25] * bands)
    trained = DATASETS.build(dataset)
    trained.take_fits({name: [*[None] * (len(steps) - 1), fit]})
    return trained.metainfo
