"""Every shipped config names what it holds, builds, trains and predicts.

Networks that are equal are built once, and only one config of each training
key (config_cases.py) is trained: more configs of a network cost no more.
"""

import copy
import math

import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.model import BaseModule
from mmengine.optim import build_optim_wrapper
from mmseg.models.backbones import MixVisionTransformer, VisionTransformer
from mmseg.registry import METRICS, MODELS

from backbone_words import backbone_words
from config_cases import (
    BASES,
    CONFIGS,
    PRETRAINING,
    SIZE,
    load,
    metainfo,
    name,
    network,
    network_key,
    random_batch,
    representatives,
    shallow,
    small_first,
    training_key,
)
from fake_tensors import build_fake, fake_mode
from helpers import ROOT
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.utils import finite

DATASETS = sorted(
    str(p.relative_to(ROOT))
    for p in (BASES / 'datasets').glob('*.py')
    if p.stem not in ('multimodal', 'sparse_scene')  # what others share
)
NETWORKS = representatives(sorted({*CONFIGS} - {*PRETRAINING}), network_key)


def test_there_are_configs():
    assert len(CONFIGS) > 20


@pytest.mark.parametrize('path', NETWORKS, ids=name)
def test_predicts_from_what_is_there(path, monkeypatch):
    """Shapes only: every width fits the next part, every band its stem."""
    # Tensors without values cannot be asked whether they are finite.
    monkeypatch.setattr(finite, 'not_finite', lambda _: [])
    cfg = load(path)
    num_classes = len(metainfo(cfg)['classes'])
    dataset = cfg.test_dataloader.dataset
    mode = fake_mode()
    model = build_fake(network(path), mode).eval()
    for present in (None, *((m,) for m in model.modalities)):
        data = random_batch(dataset, num_classes, present)
        # Which pixels have a label is a value, and there are none.
        for sample in data['data_samples']:
            del sample.gt_sem_seg
        with mode, torch.no_grad():
            results = model.test_step(data)
        for result in results:
            assert result.seg_logits.data.shape == (num_classes, *SIZE)
            assert result.pred_sem_seg.data.shape == (1, *SIZE)


@pytest.mark.parametrize(
    'path',
    representatives(sorted(CONFIGS, key=small_first), training_key),
    ids=name,
)
def test_trains_two_iterations_and_validates(path):
    cfg = load(path)
    model = MODELS.build(shallow(network(path))).train()
    model.data_preprocessor.jitter = 0.5  # a value of every method's config
    model.init_weights()
    assert forgotten(model) == []
    meta = metainfo(cfg)
    num_classes = len(meta['classes'])
    wrapper = build_optim_wrapper(model, copy.deepcopy(cfg.optim_wrapper))
    used = watch_gradients(model)
    for _ in range(2):
        data = random_batch(cfg.train_dataloader.dataset, num_classes)
        logged = model.train_step(data, wrapper)
        for key, value in logged.items():
            value = float(torch.as_tensor(value).detach())
            assert math.isfinite(value), key
            assert value > 0 or 'loss' not in key, key
    # Distributed training refuses parameters without a gradient.
    assert {n for n, _ in model.named_parameters()} - used == set()
    for key, parameter in model.named_parameters():
        assert parameter.isfinite().all(), key
    assert math.isfinite(validate(model, cfg, meta))


def forgotten(model):
    """Return the modules that init_weights does not reach.

    mmseg's transformers initialise all that is in them and mark nothing.
    """
    kinds = (MixVisionTransformer, VisionTransformer)
    vits = (m for m in model.modules() if isinstance(m, kinds))
    unmarked = {part for vit in vits for part in vit.modules()}
    return [
        n
        for n, module in model.named_modules()
        if isinstance(module, BaseModule)
        and not (module.is_init or module in unmarked)
    ]


def watch_gradients(model):
    """Return the set that will hold the names of what gets a gradient."""
    used = set()
    for key, parameter in model.named_parameters():
        parameter.register_post_accumulate_grad_hook(
            lambda _, key=key: used.add(key)
        )
    return used


def validate(model, cfg, meta):
    """Return the measure by which the config keeps its best checkpoint."""
    metrics = copy.deepcopy(cfg.val_evaluator)
    metrics = metrics if isinstance(metrics, list) else [metrics]
    evaluator = Evaluator([METRICS.build(m) for m in metrics])
    evaluator.dataset_meta = meta
    data = random_batch(cfg.val_dataloader.dataset, len(meta['classes']))
    for sample in data['data_samples']:  # enough, and quick pixel by pixel
        if 'gt_sem_seg' in sample:
            sample.gt_sem_seg.data[:, 8:] = 255
    with torch.no_grad():
        evaluator.process(model.eval().val_step(data), data)
    return evaluator.evaluate(2)[cfg.default_hooks.checkpoint.save_best]


@pytest.mark.parametrize('path', CONFIGS + DATASETS)
def test_one_declaration_serves_all_parts(path):
    cfg = load(path)
    modalities = cfg.train_dataloader.dataset.modalities
    build_modalities(modalities)
    for part in ('val_dataloader', 'test_dataloader'):
        assert cfg[part].dataset.modalities == modalities
    assert cfg.data_preprocessor.modalities == modalities
    assert 0 <= cfg.data_preprocessor.jitter <= 1
    for m, declaration in modalities.items():
        std, mean = declaration.get('std'), declaration.get('mean')
        if std is not None and any(x != 0.5 for x in mean):
            assert list(std) != list(mean), f'{m}: std copied from mean'


def duration(train_cfg):
    """Return how config names call a schedule."""
    if train_cfg.type == 'IterBasedTrainLoop':
        return f'{train_cfg.max_iters // 1000}k'
    return f'{train_cfg.max_epochs}e'


@pytest.mark.parametrize('path', CONFIGS)
def test_name_says_what_is_in_it(path):
    method, backbone, schedule, data = name(path).split('_')
    cfg = load(path)
    gpus_batch, epochs = schedule.split('-')
    gpus, batch = gpus_batch.split('xb')
    assert gpus in ('1', '4')
    assert batch == str(cfg.train_dataloader.batch_size)
    assert epochs == duration(cfg.train_cfg)
    words = sorted({*backbone_words(cfg.model.backbone)})
    assert '-'.join(words) == backbone
    dataset, crop = data.rsplit('-', 1)
    # The data set, or the data set and its split.
    of_data = cfg.train_dataloader.dataset
    where = f'{of_data.data_root} {of_data.data_root}-{of_data.ann_file}'
    assert dataset.replace('-', '_') in where.replace('-splits/', '_')
    crops = [
        f'{t.crop_size[0]}x{t.crop_size[1]}'
        for t in cfg.train_dataloader.dataset.pipeline
        if t.type == 'RandomCrop'
    ]
    assert crops in ([], [crop])
