"""What configs for pretraining and fine-tuning promise to each other."""

from pathlib import Path

import pytest
from mmseg.registry import HOOKS, MODELS

from config_cases import (
    CONFIGS,
    PRETRAINING,
    load,
    name,
    network,
    network_key,
    representatives,
)
from fake_tensors import build_fake, fake_mode
from multimodal_rs.visualization.reconstruction_hook import (
    ReconstructionVisualizationHook,
)
from multimodal_rs.weights.pretrained_weights_hook import (
    PretrainedWeightsHook,
)
from multimodal_rs.weights.transfer import transfer

AUTHORS = 'mcf-mamba-pre_vmamba-t_1xb8-300e_dfc2020-256x256'
FINE_TUNING = [p for p in CONFIGS if '-ft' in p]


def test_there_are_configs():
    assert len(PRETRAINING) >= 5 and len(FINE_TUNING) >= 5


@pytest.mark.parametrize('path', PRETRAINING, ids=name)
def test_no_label_is_read_and_validation_is_fixed(path):
    cfg = load(path)
    for part in ('train', 'val', 'test'):
        dataset = cfg[f'{part}_dataloader'].dataset
        assert dataset.label is False
        types = [t.type for t in dataset.pipeline]
        assert 'LoadLandCover' not in types
        assert types[-2:] == ['PackMultiModalInputs', 'ComplementaryMask']
        assert ('seed' in dataset.pipeline[-1]) == (part != 'train')
    assert cfg.test_cfg.type == 'TestLoop'
    assert cfg.default_hooks.checkpoint.rule == 'less'
    hook = HOOKS.build(cfg.default_hooks.visualization)
    assert isinstance(hook, ReconstructionVisualizationHook)


def pretraining_of(path):
    """Return the config whose checkpoint a config starts from."""
    hook = HOOKS.build(load(path).default_hooks.pretrained)
    assert isinstance(hook, PretrainedWeightsHook)
    # work_dirs/<config>[/<file>], or a file of the authors
    parts = Path(hook.checkpoint).parts
    folder = next((p for p in parts if '-pre_' in p), AUTHORS)
    return f'configs/cmss/{folder}.py'


def pair_key(path):
    return network_key(pretraining_of(path)), network_key(path)


@pytest.mark.parametrize(
    'path', representatives(FINE_TUNING, pair_key), ids=name
)
def test_fine_tuning_takes_the_network_that_was_pretrained(path):
    source = pretraining_of(path)
    pretrained = MODELS.build(network(source))
    report = transfer(
        pretrained.state_dict(), MODELS.build(network(path)), source
    )
    assert all(k.startswith('decode_head.conv_seg.') for k in report.missing)
    assert all(k.startswith('reconstruction.') for k in report.unused)


@pytest.mark.parametrize('path', FINE_TUNING, ids=name)
def test_fine_tuning_needs_no_other_weights(path):
    branches = load(path).model.backbone.branches
    assert all(branch.init_cfg is None for branch in branches.values())


def test_pretraining_of_the_paper():
    """Recipe: AdamW 1e-4, poly 0.9 to 0 over 300 epochs, batch 8."""
    (path,) = [p for p in PRETRAINING if 'dfc2020' in p]
    cfg = load(path)
    assert cfg.optim_wrapper.optimizer.lr == 1e-4
    assert cfg.train_dataloader.batch_size == 8
    (schedule,) = cfg.param_scheduler
    assert (schedule.type, schedule.power) == ('PolyLR', 0.9)
    assert schedule.end == cfg.train_cfg.max_epochs == 300
    mask = cfg.train_dataloader.dataset.pipeline[-1]
    assert mask.cell == 32 and mask.get('ratio') is None
    model = build_fake(network(path), fake_mode())
    # MCF-Mamba has 63,431,808 with 8 classes; six bands instead.
    number = sum(p.numel() for p in model.parameters())
    assert number == 63_431_616
