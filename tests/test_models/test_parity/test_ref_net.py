"""The authors' numbers, reproduced (tests/data/parity)."""

import pytest
import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.registry import METRICS, MODELS, PARAM_SCHEDULERS
from mmseg.structures import SegDataSample

from helpers import ROOT, assert_parity, author_state, parity_arrays
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.models.layers.mdf_vss_block import scan_block
from multimodal_rs.weights.conversion.ref_net import convert_ref_net

CONFIG = 'configs/ref_net/ref-net_r50_1xb8-70k_dfc2020-256x256.py'
AUTHORS = CONFIG.replace('ref-net_r50', 'ref-net-background_r50')


@pytest.fixture(scope='module')
def network():
    model = MODELS.build(Config.fromfile(ROOT / AUTHORS).model).eval()
    assert sum(p.numel() for p in model.parameters()) == 60_799_323
    state, unmatched, dropped = convert_ref_net(author_state('refnet'))
    assert unmatched == []
    assert dropped == ()
    model.load_state_dict(state, strict=True)
    return model


@torch.no_grad()
def test_network_from_the_shipped_config(network):
    io = parity_arrays('refnet')
    inputs = dict(opt=io['in_opt'], sar=io['in_sar'])
    metas = [dict(img_shape=(128, 128), ori_shape=(128, 128))]
    logits = network.encode_decode(inputs, metas)
    assert_parity(logits, io['out_logits'], tolerance=1e-5)
    specific = network.predict_modalities(inputs)
    for name in ('opt', 'sar'):
        expected = io[f'out_{name}_logits']
        assert_parity(specific[name], expected, tolerance=1e-5)


def heads():
    """The shipped heads, with the authors' ignored class 0."""
    model = Config.fromfile(ROOT / AUTHORS).model
    configs = dict(fused=model.decode_head, **model.modality_heads)
    return {
        name: MODELS.build(dict(config, ignore_index=0, num_classes=9))
        for name, config in configs.items()
    }


def losses(logits, target):
    samples = [
        SegDataSample(gt_sem_seg=PixelData(data=label[None]))
        for label in target
    ]
    return {
        name: head.loss_by_feat(logits[name], samples)['loss_ce']
        for name, head in heads().items()
    }


def logit_maps():
    io = parity_arrays('refnet_loss')
    names = dict(fused='', opt='opt_', sar='sar_')
    leaves = {
        m: io[f'in_{part}logits'].requires_grad_() for m, part in names.items()
    }
    gradients = {m: io[f'out_grad_{part}logits'] for m, part in names.items()}
    return io, leaves, gradients


def test_losses_and_their_gradients():
    io, leaves, gradients = logit_maps()
    terms = losses(leaves, io['in_target'])
    torch.testing.assert_close(terms['fused'], io['out_main'])
    torch.testing.assert_close(terms['opt'] + terms['sar'], io['out_aux'])
    total = sum(terms.values())
    torch.testing.assert_close(total, io['out_total'])
    total.backward()
    for name, expected in gradients.items():
        assert_parity(leaves[name].grad, expected, tolerance=1e-5)


def test_loss_without_valid_pixels_is_zero_with_a_gradient():
    io, leaves, _ = logit_maps()
    total = sum(losses(leaves, torch.zeros_like(io['in_target'])).values())
    assert total.item() == 0
    total.backward()
    for leaf in leaves.values():
        assert (leaf.grad == 0).all()


def test_metric_by_the_convention_of_the_authors():
    io = parity_arrays('refnet_loss')
    target, logits = io['in_target'], io['in_metric_logits']
    target = target.masked_fill(target == 0, 255)
    expected = io['out_metric_confusion_9x9']
    found = {}
    for left_out in (None, 0):
        metric = METRICS.build(dict(type='LandCoverMetric', left_out=left_out))
        metric.dataset_meta = dict(classes=[f'c{i}' for i in range(9)])
        for i in range(2):
            sample = dict(
                gt_sem_seg=dict(data=target[i : i + 1]),
                pred_sem_seg=dict(data=logits[i].argmax(0, keepdim=True)),
                img_path=f'{i}.tif',
            )
            metric.process({}, [sample])
        assert sum(metric.results).tolist() == expected.tolist()
        found[left_out] = metric.compute_metrics(metric.results)
    authors = dict(OA=74.545, kappa=70.855, mIoU=59.827, mF1=74.624)
    authors['mPA'] = 75.546
    for key, value in authors.items():
        assert found[0][key] == pytest.approx(value, abs=2e-3)
    assert found[None]['OA'] == pytest.approx(71.30434782608696)
    assert 'IoU.c0' in found[None]
    assert 'IoU.c0' not in found[0]


def scan():
    block = scan_block(128, drop_path=0.1).eval()
    block.load_state_dict(author_state('refnet_vssblock'), strict=True)
    return block


def test_scan_block_and_its_gradients():
    io = parity_arrays('refnet_vssblock')
    block = scan()
    x = io['in_x'].requires_grad_()
    y = block(x)
    assert_parity(y, io['out_y'], tolerance=1e-5)
    assert_parity(block.op(x), io['out_ss2d_only'], tolerance=1e-5)
    y.backward(io['in_grad_y'])
    gradients = {'x': x.grad} | {
        name.replace('conv2d.', 'conv2d_'): parameter.grad
        for name, parameter in block.op.named_parameters()
    }
    compared = 0
    for key, expected in io.items():
        if key.startswith('out_grad_'):
            name = key.removeprefix('out_grad_')
            assert_parity(gradients[name], expected, tolerance=1e-5)
            compared += 1
    assert compared > 3


@torch.no_grad()
def test_scan_block_with_other_decays():
    io = parity_arrays('refnet_vssblock')
    block = scan()
    block.op.A_logs.copy_(io['in_A_logs_variant'])
    y = block(io['in_x'])
    assert_parity(y, io['out_y_A_logs_variant'], tolerance=1e-5)


def test_learning_rate():
    """Spec of the authors' schedule; only iteration 0 differs."""
    cfg = Config.fromfile(ROOT / CONFIG)
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW(
        [parameter], lr=cfg.optim_wrapper.optimizer.lr
    )
    schedule = PARAM_SCHEDULERS.build(
        dict(cfg.param_scheduler[0], optimizer=optimizer)
    )
    expected = {
        1: 4.999935714e-4,
        2: 4.999871428e-4,
        100: 4.993570971e-4,
        35000: 2.679433656e-4,
        69999: 2.179624938e-8,
    }
    for iteration in range(cfg.train_cfg.max_iters):
        rate = optimizer.param_groups[0]['lr']
        if iteration in expected:
            assert rate == pytest.approx(expected[iteration], rel=1e-6)
        optimizer.step()
        schedule.step()


def test_normalisation():
    """(x - mean) / std of the authors, on the numbers in the files."""
    cfg = Config.fromfile(ROOT / CONFIG)
    modalities = build_modalities(cfg.train_dataloader.dataset.modalities)
    preprocessor = MODELS.build(cfg.model.data_preprocessor)
    statistics = dict(
        opt=(
            [763.8806, 919.1531, 1013.227],
            [248.1907, 173.0708, 141.8084],
            [0.0, 12345.0],
        ),
        sar=([-12.542, -19.7742], [2.4201, 2.5095], [-40.0, 7.0]),
    )
    for name, (mean, std, limits) in statistics.items():
        numbers = torch.empty(len(mean), 8, 9).uniform_(*limits)
        ours = numbers.clone()
        modalities[name].prepare(ours.numpy(), None)
        batch = dict(inputs={name: [ours]}, data_samples=[sample(name)])
        ours = preprocessor(batch)['inputs'][name][0]
        mean, std = (torch.tensor(v)[:, None, None] for v in (mean, std))
        assert_parity(ours, (numbers - mean) / std, tolerance=1e-5)


def sample(name):
    result = SegDataSample()
    result.set_metainfo(dict(img_shape=(8, 9), present_modalities=(name,)))
    return result


@pytest.mark.parametrize(
    'key',
    [
        'decoder.opt_proj_layer6.weight',
        'decoder.smooth_layer_14.conv1.weight',
        'decoder.fuse_layer1.attention.weight',
        'third_encoder.conv1.weight',
    ],
)
def test_a_key_without_a_rule_is_reported(key):
    state = {key: torch.zeros(1), 'seg_head.0.bias': torch.zeros(9)}
    conversion = convert_ref_net(state)
    assert conversion.unmatched == [key]
    assert list(conversion.state) == ['decode_head.conv_seg.bias']
