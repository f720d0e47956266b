"""A tiny network, its checkpoint, and scenes."""

import shutil
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from multimodal_rs.apis import SceneMapper, scenes_of_patterns
from small_network import (
    CLASSES,
    PALETTE,
    make_config,
    make_scene,
    model,
    single_config,
    spread,
)

__all__ = ['make_config', 'make_scene', 'model']


@pytest.fixture
def mapper(model):
    model.dataset_meta = dict(classes=CLASSES, palette=PALETTE)
    model.checkpoint_identity = dict(checkpoint='a.pth', checkpoint_sha256='1')
    return SceneMapper(model, crop=64)


@pytest.fixture
def scenes(make_scene, tmp_path, monkeypatch):
    """Three of them below ``in``; the last one has no radar."""
    for name, height in (('alps', 70), ('berlin', 50), ('c 1', 60)):
        make_scene(height, 40, folder='in_' + name)
        Path(tmp_path / 'in').mkdir(exist_ok=True)
        shutil.move(tmp_path / f'in_{name}', tmp_path / 'in' / name)
    Path(tmp_path / 'in' / 'c 1' / 'sar.tif').unlink()
    monkeypatch.chdir(tmp_path)
    return scenes_of_patterns(
        dict(opt='in/{scene}/opt.tif', sar='in/{scene}/sar.tif')
    )


def save_checkpoint(config, model, path):
    """Write what a training would."""
    config = Config(dict(model=config, default_scope='mmseg'))
    modalities = config.model.data_preprocessor.modalities.to_dict()
    names = dict(classes=CLASSES, palette=PALETTE, modalities=modalities)
    meta = dict(dataset_meta=names, cfg=config.pretty_text)
    torch.save(dict(meta=meta, state_dict=model.state_dict()), path)
    return str(path)


@pytest.fixture
def checkpoint(make_config, model, tmp_path):
    return save_checkpoint(make_config(), model, tmp_path / 'best.pth')


@pytest.fixture
def sar_checkpoint(make_config, tmp_path):
    """That of a network which was trained with radar alone."""
    config = single_config(make_config, 'sar')
    alone = spread(MODELS.build(config))
    return save_checkpoint(config, alone, tmp_path / 'sar.pth')
