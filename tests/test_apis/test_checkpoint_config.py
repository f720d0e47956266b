"""A checkpoint alone is enough, and cannot run code."""

import sys

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from helpers import ROOT
from multimodal_rs.apis import init_model
from multimodal_rs.apis.checkpoint_config import _values, checkpoint_config
from small_network import CLASSES, PALETTE


@pytest.fixture
def content(make_config):
    """What a training leaves: the text is mmengine's own."""
    config = Config(
        dict(
            model=make_config(),
            default_scope='mmseg',
            custom_imports=dict(imports=['multimodal_rs']),
            train_dataloader=dict(batch_size=4),
        )
    )
    model = MODELS.build(config.model)
    modalities = config.model.data_preprocessor.modalities.to_dict()
    names = dict(classes=CLASSES, palette=PALETTE, modalities=modalities)
    meta = dict(dataset_meta=names, cfg=config.pretty_text)
    return dict(meta=meta, state_dict=model.state_dict())


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'epoch_1.pth'


def test_network_of_a_checkpoint_alone(content, path):
    torch.save(content, path)
    model = init_model(None, path)
    assert model.dataset_meta['classes'] == CLASSES
    assert set(model.cfg) == {'model', 'default_scope', 'train_dataloader'}
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, content['state_dict'][name])


def test_shipped_config_is_understood():
    name = 'joitrinet/joitrinet-d_r18_1xb8-15e_simulated-128x128.py'
    path = ROOT / 'configs' / name
    config = Config.fromfile(path, import_custom_modules=False)
    assert _values(config.pretty_text) == config.to_dict()


def test_unusual_values_are_understood():
    values = dict(
        a=float('inf'), b=-float('inf'), c=(1,), d={1: 2, 'x-y': [None, True]}
    ) | dict(e=-1e-3, f={'k': {'n': -2}}, g='a\nb', h=dict())
    text = Config(values).pretty_text
    assert _values(text) == values


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('model = __import__("os").system("true")', 'a call in line 1'),
        ('import os\nmodel = dict()', 'line 1, which is no `a = b`'),
        ('model = [dict(a=open("x"))]', 'a call in line 1'),
        ('model = dict(**dict(a=1))', 'an unusual dict'),
        ('a, b = 1, 2', 'line 1, which sets no name'),
        ('model = dict(type=f"{1}")', 'malformed node'),
        ('model = dict(', 'plain values'),
        ('model = dict(type="os.system", command="true")', "type 'os.system'"),
        ('model = dict(a=[dict(type="subprocess.Popen")])', "'subprocess.P"),
        ('model = dict(type="mmseg.apis.inference")', 'type .mmseg.apis.inf'),
        ('model = dict(type="antigravity")', "type 'antigravity'"),
        ('model = dict(type=("os", "system"))', 'expected the name of a'),
        ('custom_imports = dict(imports="this")\nmodel = dict()', "'this'"),
        ('x = 1', 'its config has no model'),
    ],
)
def test_nothing_runs(content, path, text, expected):
    content['meta']['cfg'] = text
    torch.save(content, path)
    with pytest.raises(ValueError, match=f'epoch_1.pth.*{expected}') as error:
        checkpoint_config(path)
    assert '(--config)' in str(error.value)
    assert not {'antigravity', 'this'} & set(sys.modules)


def test_checkpoints_without_config_are_explained(content, path):
    del content['meta']['cfg']
    torch.save(content, path)
    with pytest.raises(ValueError, match='found none: give the config'):
        init_model(None, path)
