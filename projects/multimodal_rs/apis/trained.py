"""A trained network together with what it was trained on."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS
from torch import nn

from multimodal_rs.datasets.disagreement import disagreement
from multimodal_rs.datasets.file_range import FILE_RANGE, with_file_range
from multimodal_rs.datasets.modality import Modality, build_modalities
from multimodal_rs.utils.configs import read_config
from multimodal_rs.weights.checkpoint_files import require_whole
from multimodal_rs.weights.modality_order import (
    order_of,
    orders_of,
    reordered,
)
from multimodal_rs.weights.strict import load_strictly
from multimodal_rs.weights.trust import restricted


class Trained(NamedTuple):
    """A network that is ready to predict.

    Attributes:
        model: In evaluation mode, on its device.
        classes: Names, in the order of the train ids.
        palette: (R, G, B) of every class.
    """

    model: nn.Module
    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]


def load_trained(
    config: str | os.PathLike | Config,
    checkpoint: str | os.PathLike,
    device: str = 'cpu',
) -> Trained:
    """Build the network of a config and load a checkpoint into it.

    No pretrained weights are fetched, and (from torch 2.4 on) no code that
    the file may hold is executed. Modalities get the order of the training,
    also in a copy of its config, whose keys mmengine has sorted; of one that
    a test with test-time augmentation has written, the network counts.

    Args:
        config: The config of the training, or its path.
        checkpoint: What the training wrote.
        device: ``'cpu'``, ``'cuda'``, ``'cuda:1'``, ...

    Raises:
        ValueError: If config and checkpoint do not belong together, or there
            is no such device.
        KeyError: If the checkpoint lacks weights or what they were trained on.
    """
    if not isinstance(config, Config):
        config = read_config(config)
    _check_device(device)
    init_default_scope(config.get('default_scope', 'mmseg'))
    content = _read(checkpoint)
    weights, meta = content['state_dict'], content['meta']['dataset_meta']
    ranges = dict(content['meta'].get(FILE_RANGE, {}))
    orders = order_of(content), orders_of(content)
    # A test with --tta writes the network as the `module` of a wrapper.
    network = config.model.get('module', config.model)
    model = MODELS.build(ConfigDict(reordered(network, *orders)))
    _check_classes(config, model, meta, checkpoint)
    _check_modalities(model.data_preprocessor.modalities, meta, checkpoint)
    trained = build_modalities(meta['modalities'])
    ranges |= {
        name: modality.file_range
        for name, modality in trained.items()
        if modality.file_range is not None
    }
    preprocessor = model.data_preprocessor
    # With the numbers that steps of `values` have from the training pixels.
    declared = {
        name: replace(modality, values=trained[name].values)
        for name, modality in preprocessor.modalities.items()
    }
    preprocessor.modalities = with_file_range(declared, ranges)
    load_strictly(model, weights, checkpoint)
    model.to(device).eval()
    palette = tuple(
        tuple(int(v) for v in colour) for colour in meta['palette']
    )
    return Trained(model, tuple(meta['classes']), palette)


def declared_modalities(
    checkpoint: str | os.PathLike,
) -> dict[str, Modality]:
    """Read what the rasters of a trained network mean.

    Args:
        checkpoint: What the training wrote.

    Returns:
        Name -> declaration, with bands, units, value transforms and display.

    Raises:
        KeyError: If the checkpoint does not say what it was trained on.
    """
    meta = _read(checkpoint)['meta']['dataset_meta']
    return build_modalities(meta['modalities'])


def _check_device(name: str) -> None:
    """Try a device before anything is loaded.

    Raises:
        ValueError: If there is none of this name.
    """
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:  # not built with CUDA
        reason = str(error).splitlines()[0]
        raise ValueError(
            f'device {name!r} cannot be used ({reason}): expected cpu, cuda '
            'or cuda:1; `python tools/check_env.py` lists what is there'
        ) from error


def _read(checkpoint: str | os.PathLike) -> dict:
    """Read a checkpoint that says what it was trained on."""
    require_whole(checkpoint)
    with restricted(checkpoint):
        content = torch.load(checkpoint, map_location='cpu', weights_only=True)
    meta = content.get('meta', {}).get('dataset_meta') or {}
    missing = {'classes', 'palette', 'modalities'} - set(meta)
    if missing or 'state_dict' not in content:
        raise KeyError(
            f'{checkpoint}: expected state_dict, and classes, palette and '
            f'modalities in dataset_meta, got {sorted(content)} and '
            f'{sorted(meta)}: use a checkpoint that tools/train.py wrote'
        )
    return content


def _check_classes(
    config: Config, model: nn.Module, meta: Mapping, checkpoint: str
) -> None:
    trained = list(meta['classes'])
    if len(trained) != model.num_classes:
        raise ValueError(
            f'{checkpoint} was trained on {len(trained)} classes {trained}, '
            f'the network of the config has {model.num_classes}: use the '
            'config that it was trained with'
        )
    wanted = _classes_of(config)
    if wanted is not None and wanted != trained:
        raise ValueError(
            f'{checkpoint} was trained on the classes {trained}, the test '
            f'dataset of the config has {wanted}: use the config that it was '
            'trained with'
        )


def _classes_of(config: Config) -> list[str] | None:
    """Classes of the config's test dataset, where they can be known."""
    dataset = config.get('test_dataloader', {}).get('dataset', {})
    classes = (dataset.get('metainfo') or {}).get('classes')
    if classes is None:
        kind = DATASETS.get(dataset['type']) if 'type' in dataset else None
        classes = getattr(kind, 'METAINFO', {}).get('classes')
    return None if classes is None else list(classes)


def _check_modalities(
    declared: Mapping[str, Modality], meta: Mapping, checkpoint: str
) -> None:
    trained = build_modalities(meta['modalities'])
    found = disagreement(declared, trained)
    if found:
        raise ValueError(
            f'{checkpoint} was trained with {found.what} {found.theirs}, the '
            f'config declares {found.ours}: use the config that it was '
            'trained with'
        )
