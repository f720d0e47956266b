"""Speed and memory of predictions and of training steps."""

from types import SimpleNamespace

import pytest
import torch

import benchmark
from helpers import ROOT
from multimodal_rs.datasets.modality import build_modalities


def test_training_step_of_a_config(capsys):
    name = 'mcf-mamba_vmamba-xt_1xb8-40e_simulated-128x128'
    config = ROOT / f'configs/mcf_mamba/{name}.py'
    options = ['--shape', '40', '32', '--batch', '1', '--steps', '1']
    benchmark.main([str(config), *options])
    printed = capsys.readouterr().out
    assert f'{name}: batch 1 of 40x32' in printed
    assert float(printed.split('all threads: ')[1].split(' s')[0]) > 0
    share = int(printed.split('selective scans: ')[1].split('%')[0])
    assert 0 < share < 100
    ratio = float(printed.split('the step takes ')[1].split(' times')[0])
    assert ratio > 1
    parts = printed.partition('prediction')[2].split('training step')
    rates = [float(p.split(' images/s')[0].split()[-1]) for p in parts]
    assert rates[0] > rates[1] > 0


def test_prediction_alone(capsys):
    config = ROOT / 'configs/pscnn/pscnn_cnn8_1xb8-15e_simulated-128x128.py'
    options = ['--shape', '64', '48', '--batch', '3', '--mode', 'predict']
    options += ['--warmup', '2', '--steps', '4']
    benchmark.main([str(config), *options])
    printed = capsys.readouterr().out
    assert 'training' not in printed and '(4 steps after 2)' in printed
    rate = float(printed.split(' images/s')[0].split()[-1])
    median = float(printed.split('a batch: ')[1].split(' s')[0])
    nearly_all = float(printed.split('99 % within ')[1].split(' s')[0])
    assert median <= nearly_all
    assert rate == pytest.approx(3 / median, rel=0.1)


def test_classes_are_those_of_the_network():
    """A config of one's own need not have a variable `num_classes`."""
    declared = build_modalities(
        dict(s2=dict(bands=[0, 1]), dem=dict(bands=[0], mean=[412], std=[9]))
    )
    model = SimpleNamespace(
        data_preprocessor=SimpleNamespace(modalities=declared), num_classes=3
    )
    batch = benchmark.make_batch(model, 4, (5, 6), 'cpu')
    shapes = {
        m: {tuple(x.shape) for x in v} for m, v in batch['inputs'].items()
    }
    assert shapes == dict(s2={(2, 5, 6)}, dem={(1, 5, 6)})
    assert torch.stack(batch['inputs']['dem']).mean() > 400
    labels = [s.gt_sem_seg.data for s in batch['data_samples']]
    assert set(torch.cat(labels).unique().tolist()) == {0, 1, 2}


@pytest.mark.parametrize('shape, expected', [(9, 1), (16, 16)])
def test_a_window_has_one_label(shape, expected):
    declared = build_modalities(dict(hsi=dict(bands=[0, 1])))
    model = SimpleNamespace(
        data_preprocessor=SimpleNamespace(modalities=declared),
        num_classes=3,
        window=9,
    )
    batch = benchmark.make_batch(model, 2, (shape, shape), 'cpu')
    assert batch['inputs']['hsi'][1].shape == (2, shape, shape)
    for sample in batch['data_samples']:
        assert sample.gt_sem_seg.shape == (expected, expected)
        assert sample.ori_shape == (expected, expected)


def test_a_network_without_labels_is_refused():
    name = 'deeplabv3plus-mdafm-pre_r18_1xb8-40e_simulated-128x128'
    with pytest.raises(ValueError, match='got a ComplementaryMaskedModeling'):
        benchmark.main([str(ROOT / f'configs/cmss/{name}.py')])


def test_no_steps_are_refused(capsys):
    with pytest.raises(SystemExit):
        benchmark.main(['config.py', '--steps', '0'])
    assert 'expected a whole number from 1 on' in capsys.readouterr().err


@pytest.mark.parametrize('groups', [1, 4])
def test_products_of_a_step_are_counted(groups):
    x = torch.randn(2, 4, 8, 8, requires_grad=True)
    layer = torch.nn.Conv2d(4, 8, 3, padding=1, groups=groups)

    def step():
        layer(x).sum().backward()

    forward = 2 * 2 * 8 * (4 // groups) * 9 * 64
    assert benchmark.count_products(step) == 3 * forward
    x.requires_grad_(False)  # as an image is
    assert benchmark.count_products(step) == 2 * forward


@pytest.mark.parametrize(
    ('device', 'expected'), [('cuda:1', ['cuda:1']), ('cuda', []), ('cpu', [])]
)
def test_another_gpu_is_the_one_that_is_measured(
    monkeypatch, device, expected
):
    current = []

    def build(args, device):
        raise InterruptedError(device)

    monkeypatch.setattr(torch.cuda, 'set_device', current.append)
    monkeypatch.setattr(benchmark, 'network_steps', build)
    with pytest.raises(InterruptedError, match=device):
        benchmark.main([__file__, '--device', device])
    assert current == expected
