"""Weights of another run: found, loaded, reported, refused."""

import logging
from types import SimpleNamespace

import pytest
import torch
from mmseg.registry import HOOKS
from torch import nn

from multimodal_rs.weights.transfer import transfer
from multimodal_rs.weights.work_dirs import best_checkpoint


class Network(nn.Module):
    def __init__(self, out=2, width=4):
        super().__init__()
        self.encoder = nn.Conv2d(3, width, 1)
        self.classifier = nn.Conv2d(width, out, 1)


class Pretraining(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Conv2d(3, 4, 1)
        self.reconstruction = nn.Conv2d(4, 5, 1)


def runner(model, iteration=0):
    return SimpleNamespace(model=model, iter=iteration)


def save(path, model):
    torch.save(dict(state_dict=model.state_dict()), path)
    return path


def hook(checkpoint):
    config = dict(type='PretrainedWeightsHook', checkpoint=str(checkpoint))
    return HOOKS.build(config)


def test_reports_what_was_loaded():
    source, target = Pretraining(), Network()
    start = target.classifier.weight.clone()
    report = transfer(source.state_dict(), target, 'file')
    assert torch.equal(target.encoder.weight, source.encoder.weight)
    assert torch.equal(target.classifier.weight, start)
    assert report.loaded == ['encoder.weight', 'encoder.bias']
    assert report.missing == ['classifier.weight', 'classifier.bias']
    assert report.unused == ['reconstruction.weight', 'reconstruction.bias']
    lines = str(report).splitlines()
    assert lines[0] == '2 tensors loaded'
    assert lines[1:3] == ['  2 missing:', '    classifier.weight']


def test_a_folder_means_its_best_checkpoint(tmp_path):
    models = {n: Pretraining() for n in ('best_x_epoch_2', 'epoch_3')}
    paths = {n: save(tmp_path / f'{n}.pth', m) for n, m in models.items()}
    # Written where the run was; the folder has been moved since.
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/run/epoch_3.pth')
    target = Network()
    hook(tmp_path).before_train(runner(target))
    best = models['best_x_epoch_2']
    assert torch.equal(target.encoder.weight, best.encoder.weight)
    paths['best_x_epoch_2'].unlink()
    assert best_checkpoint(tmp_path) == paths['epoch_3']


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='train first') as error:
        hook(tmp_path).before_train(runner(Network()))
    assert str(tmp_path) in str(error.value)


def test_a_resumed_run_is_left_alone(tmp_path):
    path = save(tmp_path / 'a.pth', Pretraining())
    target = Network()
    start = target.encoder.weight.clone()
    hook(path).before_train(runner(target, iteration=7))
    assert torch.equal(target.encoder.weight, start)


def test_the_report_is_logged(tmp_path, caplog):
    from mmengine.logging import MMLogger

    logger = MMLogger.get_instance('weights-hook', log_level='INFO')
    logger.addHandler(caplog.handler)
    logger.setLevel(logging.INFO)
    path = save(tmp_path / 'a.pth', Pretraining())
    hook(path).before_train(runner(Network()))
    assert '2 tensors loaded' in caplog.text
    assert 'reconstruction.bias' in caplog.text


def test_another_network_is_refused():
    with pytest.raises(ValueError, match=r'shapes .* differ: .*encoder.weig'):
        transfer(Pretraining().state_dict(), Network(width=8), 'file')
    state = {'other.weight': torch.zeros(1)}
    with pytest.raises(ValueError, match=r'file is of another network.*othe'):
        transfer(state, Network(), 'file')
