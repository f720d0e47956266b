"""No reader of checkpoints runs what a file holds, unless it is trusted."""

import importlib.util
import os
import pickle
import random
import sys
import zipfile
from collections import Counter
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
from multimodal_rs.utils.damage import DamagedFileError
from multimodal_rs.weights.pretrained import read_pretrained
from multimodal_rs.weights.trust import FORCED, TRUSTED, load_weights


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


@pytest.mark.parametrize(
    'number', [30, pytest.param(3000, marks=pytest.mark.slow)]
)
def test_changed_code_is_not_run_either(file, number):
    """Bytes of the pickle are changed, the checksums fit."""
    chance = random.Random(0)
    seen = Counter()
    for trial in range(number):
        path = file / 'changed.pth'
        change_pickle(file / 'new.pth', path, chance)
        try:
            load_weights(str(path))
            seen['read'] += 1
        except (pickle.UnpicklingError, DamagedFileError) as error:
            assert str(path) in str(error)
            seen[type(error).__name__] += 1
        assert not (file / 'ran').exists(), trial
    print(dict(seen))
    assert seen['UnpicklingError']


def change_pickle(source, target, chance):
    """Copy a checkpoint with one to four other bytes in its pickle."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, 'w') as new:
        for entry in old.infolist():
            content = bytearray(old.read(entry))
            if entry.filename.endswith('data.pkl'):
                for _ in range(chance.randint(1, 4)):
                    place = chance.randrange(len(content))
                    content[place] = chance.randrange(256)
            new.writestr(entry.filename, bytes(content))


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
