import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch.nn import functional

from helpers import assert_gradients_reach, random_pyramid
from multimodal_rs.models.layers.vss_block import VSSBlock

CHANNELS = (8, 16, 32)
LOSSES = [
    dict(type='CrossEntropyLoss', avg_non_ignore=True),
    dict(type='BatchDiceLoss'),
]


def build(**changes):
    return MODELS.build(
        dict(
            type='UMambaHead',
            in_channels=CHANNELS,
            num_classes=5,
            state_size=2,
            loss_decode=LOSSES,
        )
        | changes
    )


def pyramid(size, batch=2):
    """Stride 4, 8, 16 maps of an image, sizes rounded up."""
    levels = []
    for i, channels in enumerate(CHANNELS):
        stride = 4 * 2**i
        grid = [-(-s // stride) for s in size]
        levels.append(torch.randn(batch, channels, *grid, requires_grad=True))
    return tuple(levels)


def sample(size):
    label = torch.randint(0, 5, (1, *size))
    label[:, :3] = 255
    return SegDataSample(gt_sem_seg=PixelData(data=label))


@pytest.mark.parametrize('size, batch', [((32, 48), 2), ((35, 18), 1)])
def test_any_image_size_in_training_and_testing(size, batch):
    head, levels = build(), pyramid(size, batch)
    losses = head.loss(levels, [sample(size)] * batch, None)
    assert set(losses) == {'loss_ce', 'loss_dice', 'acc_seg'}
    assert all(v.isfinite() for v in losses.values())
    logits = head.predict(levels, [dict(img_shape=size)] * batch, None)
    assert logits.shape == (batch, 5, *size)


def test_window_of_a_sliding_inference():
    """mmseg gives its size as img_shape beside the image's pad_shape."""
    head, window = build(), (32, 18)
    meta = dict(img_shape=window, ori_shape=(64, 64), pad_shape=(64, 64))
    slide = dict(mode='slide', crop_size=window, stride=window)
    logits = head.predict(pyramid(window), [meta] * 2, slide)
    assert logits.shape[2:] == window
    meta = dict(img_shape=(30, 18), pad_shape=(32, 18))
    for test_cfg in (None, dict(mode='whole')):
        logits = head.predict(pyramid(window), [meta] * 2, test_cfg)
        assert logits.shape[2:] == window


def test_what_is_cut_is_at_the_bottom_and_right():
    head = build().eval()
    levels = pyramid((35, 18))
    full = head(levels)
    assert full.shape[2:] == (36, 20)
    logits = head.predict(levels, [dict(img_shape=(35, 18))] * 2, None)
    torch.testing.assert_close(logits, full[:, :, :35, :18])


def test_loss_counts_the_pixels_of_the_label():
    head = build().eval()
    levels, size = pyramid((35, 18), 1), (35, 18)
    labelled = sample(size)
    loss = head.loss(levels, [labelled], None)['loss_ce']
    logits = head(levels)[:, :, :35, :18]
    expected = functional.cross_entropy(
        logits, labelled.gt_sem_seg.data, ignore_index=255
    )
    torch.testing.assert_close(loss, expected)


def test_gradients_reach_everything():
    head = build(drop_path_rate=0.0)
    levels = pyramid((36, 28))
    assert_gradients_reach(head(levels), head, levels)


def test_stochastic_depth_only_in_training():
    head, levels = build(drop_path_rate=0.9), pyramid((32, 32))
    assert not torch.equal(head(levels), head(levels))
    head.eval()
    torch.testing.assert_close(head(levels), head(levels), rtol=0, atol=0)


def test_stochastic_depth_of_four_levels():
    head = build(in_channels=(8, 16, 32, 64))
    blocks = [m for m in head.modules() if type(m) is VSSBlock]
    drops = [getattr(b.drop_path, 'drop_prob', 0.0) for b in blocks]
    expected = torch.linspace(0, 0.1, 8)[:6].tolist()
    assert drops == pytest.approx(expected)


def test_checkpointing_changes_nothing():
    plain, frugal = build(), build(with_cp=True)
    frugal.load_state_dict(plain.state_dict())
    levels = pyramid((32, 32))
    for head in (plain, frugal):
        torch.manual_seed(1)
        head(levels).square().sum().backward()
    pairs = zip(plain.named_parameters(), frugal.parameters(), strict=True)
    for (name, p), q in pairs:
        torch.testing.assert_close(p.grad, q.grad, msg=name)


def test_misuse_is_named():
    with pytest.raises(ValueError, match='half as large'):
        build()(random_pyramid(CHANNELS, strides=(1, 2, 2)))
    with pytest.raises(ValueError, match='must have stride 4'):
        head, levels = build(), pyramid((32, 32))
        head.predict(levels, [dict(img_shape=(64, 64))] * 2, None)
    with pytest.raises(ValueError, match='at least two levels'):
        build(in_channels=(8,))
