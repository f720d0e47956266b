"""No reader of checkpoints runs what a file holds, unless it is trusted."""

import importlib.util
import os
import pickle
import sys
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmseg.registry import HOOKS

import convert_weights
from helpers import ROOT
from multimodal_rs.apis import init_model
from multimodal_rs.weights.pretrained import read_pretrained
from multimodal_rs.weights.trust import FORCED, TRUSTED


class Harmful:
    """Makes a folder when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


class Network(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, inputs, mode='tensor'):
        return self.layer(inputs)


def pretrained_weights_hook(path):
    hook = HOOKS.build(dict(type='PretrainedWeightsHook', checkpoint=path))
    hook.before_train(SimpleNamespace(iter=0, model=Network()))


def tool(name, *words):
    """Run a tool of ``tools`` in this process."""
    place = ROOT / 'tools' / name
    spec = importlib.util.spec_from_file_location(place.stem, place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.argv[:] = [name, *map(str, words)]
    module.main()


def any_tool_of_mmseg(path, resume):
    """Load as mmseg's train.py and test.py do, once the hooks are called."""
    runner = Runner(
        model=Network(),
        work_dir=f'{path}.runs',
        load_from=path,
        resume=resume,
        custom_hooks=[dict(type='PlainCheckpointHook')],
        default_scope='mmseg',
        experiment_name=f'{path} {resume}',
        log_level='ERROR',
    )
    runner.call_hook('before_run')
    runner.load_or_resume()


def init(path):
    init_model(Config(dict(model=None)), path)


def convert(path):
    convert_weights.main([path, f'{path}.new', '--source', 'joitrinet'])


READERS = dict(
    read_pretrained=read_pretrained,
    pretrained_weights_hook=pretrained_weights_hook,
    init_model=init,
    convert_weights=convert,
    mmseg_load=lambda path: any_tool_of_mmseg(path, False),
    mmseg_resume=lambda path: any_tool_of_mmseg(path, True),
)
OFF = (None, '', '0', 'false', 'False', 'no', 'off')


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Write a checkpoint that makes ``ran`` when it is unpickled."""
    # Set here, so that what the readers set does not outlive the test.
    monkeypatch.setenv(FORCED, '0')
    monkeypatch.setattr(sys, 'argv', ['test'])
    state = dict(layer=torch.zeros(1))
    content = dict(state_dict=state, meta=Harmful(tmp_path / 'ran'))
    torch.save(content, tmp_path / 'new.pth')
    torch.save(
        content, tmp_path / 'old.pth', _use_new_zipfile_serialization=False
    )
    return tmp_path


@pytest.mark.parametrize('reader', READERS)
def test_code_is_not_run(file, monkeypatch, reader):
    for value in OFF:
        for name in ('new.pth', 'old.pth'):
            if value is None:
                monkeypatch.delenv(TRUSTED, raising=False)
            else:
                monkeypatch.setenv(TRUSTED, value)
            monkeypatch.setenv(FORCED, '0')
            with pytest.raises(pickle.UnpicklingError) as error:
                READERS[reader](str(file / name))
            if 'mmseg' not in reader:
                expected = f'{file / name}: expected tensors and plain data'
                assert str(error.value).startswith(expected)
            assert not (file / 'ran').exists(), (value, name)


@pytest.mark.parametrize('value', ['1', 'yes', 'TRUE'])
def test_a_trusted_file_is_read_whole(file, monkeypatch, value):
    monkeypatch.setenv(TRUSTED, value)
    monkeypatch.setenv(FORCED, '1')
    read_pretrained(str(file / 'old.pth'))
    assert (file / 'ran').exists()


@pytest.mark.parametrize('name', ['infer_scene.py', 'show_fusion.py'])
def test_tools_of_ours(file, name, monkeypatch):
    (file / 'config.py').write_text("default_scope = 'mmseg'\n")
    words = [file / 'config.py', file / 'new.pth', '--out', file / 'x.tif']
    if name == 'infer_scene.py':
        words += ['--raster', 'opt=s2.tif']
    else:
        name = 'analysis_tools/show_fusion.py'
    monkeypatch.setenv(TRUSTED, '0')
    with pytest.raises(pickle.UnpicklingError):
        tool(name, *words)
    assert not (file / 'ran').exists()
