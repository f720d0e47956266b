"""Checkpoint and config belong together, or the message says why not."""

import copy
import pickle
import sys

import numpy as np
import pytest
import rasterio
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from helpers import ROOT
from multimodal_rs.apis.trained import load_trained
from multimodal_rs.inference.windowed import network_modalities
from multimodal_rs.utils.pairs import parse_pairs
from multimodal_rs.utils.plain import plain

CLASSES = ('water', 'forest & scrub', 'crops', 'built')
PALETTE = ((0, 0, 255), (0, 120, 0), (240, 200, 0), (200, 30, 30))


@pytest.fixture
def trained(make_config, tmp_path):
    """Write a config and a checkpoint as a training would leave them."""
    config = Config(dict(model=make_config(), default_scope='mmseg'))
    model = MODELS.build(config.model)
    meta = dict(
        classes=CLASSES,
        palette=[list(c) for c in PALETTE],
        modalities=config.model.data_preprocessor.modalities.to_dict(),
    )
    content = dict(
        meta=dict(dataset_meta=meta, epoch=1), state_dict=model.state_dict()
    )
    torch.save(content, tmp_path / 'epoch_1.pth')
    return config, content, tmp_path / 'epoch_1.pth'


def test_weights_classes_and_palette_come_from_the_checkpoint(trained):
    config, content, path = trained
    model, classes, palette = load_trained(config, path)
    assert classes == CLASSES and palette == PALETTE
    assert not model.training
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, content['state_dict'][name])


def test_network_in_test_time_augmentation(trained):
    """As in the copy of the config that a test with --tta has written."""
    config, content, path = trained
    config.model = dict(type='LogitsTTAModel', module=config.model)
    state = load_trained(config, path).model.state_dict()
    assert [*state] == [*content['state_dict']]


def test_usual_numbers_of_files_come_from_the_checkpoint(trained):
    config, content, path = trained
    assert load_ranges(config, path) == [None, None]
    measured = [[1.0] * 3, [2.0] * 3]
    content['meta']['file_range'] = dict(opt=measured)
    declared = [[3.0] * 2, [4.0] * 2]
    content['meta']['dataset_meta']['modalities']['sar']['file_range'] = (
        declared
    )
    torch.save(content, path)
    assert load_ranges(config, path) == [measured, declared]


def test_numbers_of_training_pixels_come_from_the_checkpoint(trained):
    """A config names the step; scenes are read with what was measured."""
    config, content, path = trained
    step = dict(type='Standardize')
    config.model.data_preprocessor.modalities.sar['values'] = [step]
    sar = content['meta']['dataset_meta']['modalities']['sar']
    sar['values'] = [dict(step, fit=dict(mean=[-10.0, 5.0], std=[2.0, 4.0]))]
    torch.save(content, path)
    modality = network_modalities(load_trained(config, path).model)['sar']
    out = np.empty((2, 1, 1), np.float32)
    modality.prepare(np.full((2, 1, 1), -3.0, np.float32), out=out)
    assert out.ravel().tolist() == [3.5, -2.0]
    sar['values'] = [dict(type='PCA', components=2)]
    torch.save(content, path)
    with pytest.raises(ValueError, match='trained with values of sar'):
        load_trained(config, path)


def load_ranges(config, path):
    model = load_trained(config, path).model
    return [plain(m.file_range) for m in network_modalities(model).values()]


def refused(trained, edit, expected, error=ValueError):
    config, content, path = trained
    config, content = copy.deepcopy(config), copy.deepcopy(content)
    edit(config, content)
    torch.save(content, path)
    with pytest.raises(error, match=expected):
        load_trained(config, path)


def test_other_number_of_classes(trained):
    def edit(config, content):
        content['meta']['dataset_meta']['classes'] = ('a', 'b')

    refused(trained, edit, 'trained on 2 classes .* config has 4')


def test_other_classes_in_the_dataset(trained):
    def edit(config, content):
        dataset = dict(metainfo=dict(classes=['a', 'b', 'c', 'd']))
        config.test_dataloader = dict(dataset=dataset)

    refused(trained, edit, r"'water', .* has \['a', 'b', 'c', 'd'\]")


@pytest.mark.parametrize(
    ('attribute', 'value'),
    [
        ('bands', [0, 1, 2]),
        ('mean', [0.0, 0.0, 0.0]),
        ('std', [1.0, 1.0, 1.0]),
        ('values', []),
    ],
)
def test_other_declaration(trained, attribute, value):
    def edit(config, content):
        modalities = config.model.data_preprocessor.modalities
        modalities['opt'][attribute] = value

    refused(trained, edit, f'trained with {attribute} of opt ')


def test_other_files_are_fine(trained):
    config, _, path = trained
    config.model.data_preprocessor.modalities.opt.dir = 'elsewhere'
    load_trained(config, path)


def test_other_modalities(trained):
    def edit(config, content):
        del content['meta']['dataset_meta']['modalities']['sar']

    refused(trained, edit, r"modalities \['opt'\], the config declares")


def test_other_network(trained):
    def edit(config, content):
        del content['state_dict']['decode_head.conv_seg.weight']

    refused(trained, edit, 'does not fit the network .*conv_seg.weight')


def test_checkpoint_without_meta(trained):
    def edit(config, content):
        del content['meta']['dataset_meta']

    refused(trained, edit, 'classes, palette and .* got', KeyError)


class Harmful:
    def __reduce__(self):
        return exec, ('raise SystemExit("executed")',)


def test_code_in_a_checkpoint_is_not_executed(trained):
    def edit(config, content):
        content['meta']['harmful'] = Harmful()

    refused(trained, edit, 'exec', pickle.UnpicklingError)


def test_tool_maps_a_scene(trained, make_scene, tmp_path, monkeypatch):
    config, _, checkpoint = trained
    config.custom_imports = dict(imports=['multimodal_rs'])
    config.dump(tmp_path / 'config.py')
    rasters = make_scene()
    words = [f'{name}={path}' for name, path in rasters.items()]
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    # set here so that the tool's setting does not outlive the test
    monkeypatch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '1')
    outputs = [tmp_path / n for n in ('map.tif', 'p.tif', 'map.png')]
    arguments = [
        *[str(tmp_path / 'config.py'), str(checkpoint), '--raster', *words],
        *['--out', str(outputs[0]), '--probabilities', str(outputs[1])],
        *['--preview', str(outputs[2]), '--crop', '32', '--device', 'cpu'],
        *[
            '--unreadable',
            'nodata',
            '--like',
            'opt',
            '--resolution',
            '20',
            '--resampling',
            'sar=nearest',
        ],
    ]
    monkeypatch.setattr(sys, 'argv', ['infer_scene.py', *arguments])
    import infer_scene

    infer_scene.main()
    assert all(path.stat().st_size > 100 for path in outputs)
    with rasterio.open(outputs[0]) as file:
        assert file.shape == (35, 45) and file.transform.a == 20
        assert np.isin(file.read(), range(4)).all()
    for wrong in (['opt'], ['opt='], ['=a']):
        with pytest.raises(ValueError, match='form MODALITY=..., got'):
            parse_pairs('--raster', wrong)


def test_other_device(trained):
    config, _, path = trained
    with pytest.raises(ValueError, match="device 'abacus' cannot be used"):
        load_trained(config, path, 'abacus')
