"""Every shipped config builds, trains two iterations and predicts."""

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModule
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from helpers import ROOT
from multimodal_rs.datasets.modality import build_modalities

CONFIGS = sorted(
    str(p.relative_to(ROOT)) for p in (ROOT / 'configs').glob('[!_]*/*.py')
)
# test_pretraining_configs.py runs them.
PRETRAINING = [p for p in CONFIGS if '-pre_' in p]
DATASETS = sorted(
    str(p.relative_to(ROOT))
    for p in (ROOT / 'configs' / '_base_' / 'datasets').glob('*.py')
    if p.name != 'multimodal.py'  # what the others share
)
SIZE = (64, 48)


def without_download(config):
    """Drop what would fetch pretrained weights."""
    for key, value in list(config.items()):
        if key == 'init_cfg':
            config[key] = None
        elif isinstance(value, dict):
            without_download(value)


def batch(modalities, num_classes, labels=True):
    inputs = {
        m: [torch.rand(d.channels, *SIZE) for _ in range(2)]
        for m, d in build_modalities(modalities).items()
    }
    next(iter(inputs.values()))[0][:, :5, :5] = torch.nan
    samples = []
    for _ in range(2):
        sample = SegDataSample()
        sample.set_metainfo(
            dict(
                ori_shape=SIZE,
                img_shape=SIZE,
                present_modalities=tuple(modalities),
            )
        )
        if labels:
            label = torch.randint(0, num_classes, (1, *SIZE))
            label[:, :3] = 255
            sample.gt_sem_seg = PixelData(data=label)
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)


def test_there_are_configs():
    assert len(CONFIGS) > 20


@pytest.mark.parametrize('path', sorted({*CONFIGS} - {*PRETRAINING}))
def test_trains_two_iterations_and_predicts(path):
    cfg = Config.fromfile(ROOT / path)
    init_default_scope(cfg.default_scope)
    without_download(cfg.model)
    model = MODELS.build(cfg.model).train()
    modalities = cfg.train_dataloader.dataset.modalities
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    data = model.data_preprocessor(batch(modalities, cfg.num_classes), True)
    model.parse_losses(model(**data, mode='loss'))[0].backward()
    # Distributed training refuses parameters without a gradient.
    unused = [n for n, p in model.named_parameters() if p.grad is None]
    assert unused == []
    wrapper.step()
    wrapper.zero_grad()
    losses = model.train_step(batch(modalities, cfg.num_classes), wrapper)
    assert losses['loss'].isfinite()
    for name, parameter in model.named_parameters():
        assert parameter.isfinite().all(), name
    model.eval()
    with torch.no_grad():
        results = model.test_step(batch(modalities, cfg.num_classes, False))
    for result in results:
        assert result.seg_logits.shape == SIZE
        assert result.seg_logits.data.shape[0] == cfg.num_classes
        assert result.pred_sem_seg.data.max() < cfg.num_classes


@pytest.mark.parametrize('path', CONFIGS + DATASETS)
def test_one_declaration_serves_all_parts(path):
    cfg = Config.fromfile(ROOT / path)
    modalities = cfg.train_dataloader.dataset.modalities
    build_modalities(modalities)
    for part in ('val_dataloader', 'test_dataloader'):
        assert cfg[part].dataset.modalities == modalities
    assert cfg.data_preprocessor.modalities == modalities
    for name, declaration in modalities.items():
        std, mean = declaration.get('std'), declaration.get('mean')
        if std is not None and any(m != 0.5 for m in mean):
            assert list(std) != list(mean), f'{name}: std copied from mean'


@pytest.mark.parametrize('path', [c for c in CONFIGS if 'ombria' in c])
def test_init_weights_reaches_every_part(path):
    cfg = Config.fromfile(ROOT / path)
    init_default_scope(cfg.default_scope)
    without_download(cfg.model)
    model = MODELS.build(cfg.model)
    model.init_weights()
    forgotten = [
        name
        for name, module in model.named_modules()
        if isinstance(module, BaseModule) and not module.is_init
    ]
    assert forgotten == []


def encoders(cfg):
    """Return the configs of the encoders of a model."""
    backbone = cfg.model.backbone
    if backbone.type == 'StackedBackbone':
        return [backbone.backbone]
    return list(backbone.branches.values())


def backbone_name(encoder):
    """Return how config names call an encoder."""
    if encoder.type in ('ResNet', 'StemResNet'):
        return f'r{encoder.depth}'
    assert encoder.type == 'VMamba'
    if not isinstance(encoder.arch, str):
        assert encoder.arch.base_channels < 96
        return 'vmamba-xt'
    size, version = encoder.arch.split('-')
    suffix = '' if version == 'v0' else f'-{version}'
    return f'vmamba-{size[0]}{suffix}'


def duration(train_cfg):
    """Return how config names call a schedule."""
    if train_cfg.type == 'IterBasedTrainLoop':
        return f'{train_cfg.max_iters // 1000}k'
    return f'{train_cfg.max_epochs}e'


@pytest.mark.parametrize('path', CONFIGS)
def test_name_says_what_is_in_it(path):
    name = path.rsplit('/', 1)[1].removesuffix('.py')
    method, backbone, schedule, data = name.split('_')
    cfg = Config.fromfile(ROOT / path)
    gpus_batch, epochs = schedule.split('-')
    assert gpus_batch == f'1xb{cfg.train_dataloader.batch_size}'
    assert epochs == duration(cfg.train_cfg)
    assert {backbone_name(b) for b in encoders(cfg)} == {backbone}
    dataset, crop = data.rsplit('-', 1)
    assert dataset.replace('-', '_') in cfg.train_dataloader.dataset.data_root
    crops = [
        f'{t.crop_size[0]}x{t.crop_size[1]}'
        for t in cfg.train_dataloader.dataset.pipeline
        if t.type == 'RandomCrop'
    ]
    assert crops in ([], [crop])
