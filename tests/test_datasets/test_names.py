"""Names of modalities, where they become keys and attributes."""

import pytest
from mmengine.config import Config
from mmengine.model import ModuleDict
from mmengine.structures import PixelData
from torch import nn, zeros

from multimodal_rs.datasets.modality import build_modalities


@pytest.mark.parametrize(
    'name',
    ['S2.10m', 'type', 'forward', 'keys', 'shape', '10m', '', '_delete_']
    + ['opt+sar', 'S2 10m', 'label', 'items', 'training', 'bands-2'],
)
def test_names_that_nothing_can_hold(name):
    with pytest.raises(ValueError, match='cannot have this name: a name st'):
        build_modalities({name: dict(bands=[0])})


@pytest.mark.parametrize(
    'name', ['opt', 'sar', 'dem', 's2_10m', 'S1', 'hsi', 'lidar', 'ndvi']
)
def test_names_that_everything_can_hold(name):
    (built,) = build_modalities({name: dict(bands=[0])}).values()
    assert built.name == name
    assert name in ModuleDict({name: nn.Identity()})
    assert Config(dict(model={name: 1})).model[name] == 1
    assert name in PixelData(**{name: zeros(1, 2, 2)})
