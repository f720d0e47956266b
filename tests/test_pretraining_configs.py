"""Every config for pretraining builds, trains two iterations and validates."""

import copy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmseg.registry import HOOKS, METRICS, MODELS, TRANSFORMS
from mmseg.structures import SegDataSample

from helpers import ROOT
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.visualization.reconstruction_hook import (
    ReconstructionVisualizationHook,
)
from multimodal_rs.weights.pretrained_weights_hook import (
    PretrainedWeightsHook,
)
from multimodal_rs.weights.transfer import transfer
from test_configs import CONFIGS, PRETRAINING, SIZE, without_download

AUTHORS = 'mcf-mamba-pre_vmamba-t_1xb8-300e_dfc2020-256x256'
FINE_TUNING = [p for p in CONFIGS if '-ft' in p]


def load(path):
    cfg = Config.fromfile(ROOT / path)
    init_default_scope(cfg.default_scope)
    without_download(cfg.model)
    return cfg


def batch(loader):
    """Two random samples after the pipeline's own last transform."""
    dataset = loader.dataset
    *_, pack, mask = dataset.pipeline
    assert pack['type'] == 'PackMultiModalInputs'
    transform = TRANSFORMS.build(mask)
    modalities = build_modalities(dataset.modalities)
    inputs = {m: [] for m in modalities}
    samples = []
    for i in range(2):
        images = {
            m: torch.rand(d.channels, *SIZE) for m, d in modalities.items()
        }
        images['opt'][:, :5, :5] = torch.nan
        meta = dict(
            sample_id=str(i),
            ori_shape=SIZE,
            img_shape=SIZE,
            present_modalities=tuple(images),
        )
        sample = SegDataSample(metainfo=meta)
        transform(dict(inputs=images, data_samples=sample))
        for m, image in images.items():
            inputs[m].append(image)
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)


def test_there_are_configs():
    assert len(PRETRAINING) >= 5 and len(FINE_TUNING) >= 5


@pytest.mark.parametrize('path', PRETRAINING)
def test_trains_two_iterations_and_validates(path):
    cfg = load(path)
    model = MODELS.build(cfg.model).train()
    data = model.data_preprocessor(batch(cfg.train_dataloader), True)
    model.parse_losses(model(**data, mode='loss'))[0].backward()
    unused = [n for n, p in model.named_parameters() if p.grad is None]
    assert unused == []
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    for _ in range(2):
        losses = model.train_step(batch(cfg.train_dataloader), wrapper)
        assert losses['loss'].isfinite() and losses['loss'] > 0
        assert losses['loss_opt'] > 0 and losses['loss_sar'] > 0
    model.eval()
    evaluator = Evaluator([METRICS.build(copy.deepcopy(cfg.val_evaluator))])
    with torch.no_grad():
        results = model.val_step(batch(cfg.val_dataloader))
    evaluator.process(results)
    metrics = evaluator.evaluate(2)
    best = cfg.default_hooks.checkpoint
    assert metrics[best.save_best] > 0 and best.rule == 'less'


@pytest.mark.parametrize('path', PRETRAINING)
def test_no_label_is_read_and_validation_is_fixed(path):
    cfg = Config.fromfile(ROOT / path)
    for part in ('train', 'val', 'test'):
        dataset = cfg[f'{part}_dataloader'].dataset
        assert dataset.label is False
        types = [t.type for t in dataset.pipeline]
        assert 'LoadLandCover' not in types
        assert types[-2:] == ['PackMultiModalInputs', 'ComplementaryMask']
        assert ('seed' in dataset.pipeline[-1]) == (part != 'train')
    assert cfg.test_cfg.type == 'TestLoop'
    hook = HOOKS.build(cfg.default_hooks.visualization)
    assert isinstance(hook, ReconstructionVisualizationHook)


@pytest.mark.parametrize('path', FINE_TUNING)
def test_fine_tuning_takes_the_network_that_was_pretrained(path):
    cfg = load(path)
    hook = HOOKS.build(cfg.default_hooks.pretrained)
    assert isinstance(hook, PretrainedWeightsHook)
    # work_dirs/<config>[/<file>], or a file of the authors
    folder = next(
        (p for p in Path(hook.checkpoint).parts if '-pre_' in p), AUTHORS
    )
    pretrained = MODELS.build(load(f'configs/cmss/{folder}.py').model)
    network = MODELS.build(cfg.model)
    report = transfer(pretrained.state_dict(), network, folder)
    assert all(k.startswith('decode_head.conv_seg.') for k in report.missing)
    assert all(k.startswith('reconstruction.') for k in report.unused)


@pytest.mark.parametrize('path', FINE_TUNING)
def test_fine_tuning_needs_no_other_weights(path):
    branches = Config.fromfile(ROOT / path).model.backbone.branches
    assert all(branch.init_cfg is None for branch in branches.values())


def test_pretraining_of_the_paper():
    """Recipe: AdamW 1e-4, poly 0.9 to 0 over 300 epochs, batch 8."""
    (path,) = [p for p in PRETRAINING if 'dfc2020' in p]
    cfg = Config.fromfile(ROOT / path)
    assert cfg.optim_wrapper.optimizer.lr == 1e-4
    assert cfg.train_dataloader.batch_size == 8
    (schedule,) = cfg.param_scheduler
    assert (schedule.type, schedule.power) == ('PolyLR', 0.9)
    assert schedule.end == cfg.train_cfg.max_epochs == 300
    mask = cfg.train_dataloader.dataset.pipeline[-1]
    assert mask.cell == 32 and mask.get('ratio') is None
    model = MODELS.build(load(path).model)
    # MCF-Mamba has 63,431,808 with 8 classes; six bands instead.
    number = sum(p.numel() for p in model.parameters())
    assert number == 63_431_616
