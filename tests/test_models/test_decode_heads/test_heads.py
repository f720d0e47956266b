import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn
from torch.nn import functional

LOSS = dict(type='CrossEntropyLoss', avg_non_ignore=True)


@pytest.mark.parametrize('kernel_size', [1, 3])
def test_conv_head_is_one_convolution(kernel_size):
    head = MODELS.build(
        dict(
            type='ConvHead',
            in_channels=6,
            in_index=1,
            num_classes=5,
            kernel_size=kernel_size,
            loss_decode=LOSS,
        )
    )
    assert head.conv_seg.weight.shape == (5, 6, kernel_size, kernel_size)
    x = torch.randn(2, 6, 8, 4)
    assert head((None, x)).shape == (2, 5, 8, 4)
    logits = head.predict((None, x), [dict(img_shape=(30, 17))] * 2, None)
    assert logits.shape == (2, 5, 30, 17)


def test_loss_is_the_mean_over_valid_pixels_at_label_size():
    head = MODELS.build(
        dict(
            type='ConvHead',
            in_channels=6,
            in_index=0,
            num_classes=3,
            loss_decode=LOSS,
        )
    )
    x = torch.randn(1, 6, 8, 8)
    label = torch.randint(0, 3, (1, 32, 32))
    label[:, :16] = 255
    sample = SegDataSample(gt_sem_seg=PixelData(data=label))
    loss = head.loss((x,), [sample], None)['loss_ce']
    logits = functional.interpolate(
        head((x,)), (32, 32), mode='bilinear', align_corners=True
    )
    expected = functional.cross_entropy(logits, label, ignore_index=255)
    torch.testing.assert_close(loss, expected)


def test_deeplab_head_picks_its_levels():
    head = MODELS.build(
        dict(
            type='DeepLabV3PlusHead',
            in_channels=(8, 16),
            in_index=(0, 2),
            num_classes=4,
            decoder=dict(channels=12),
            loss_decode=LOSS,
        )
    ).eval()
    pyramid = (
        torch.randn(1, 8, 16, 12),
        torch.full((1,), torch.nan),
        torch.randn(1, 16, 4, 3),
    )
    assert head(pyramid).shape == (1, 4, 16, 12)


@pytest.mark.parametrize('kind', ['DDHRNetHead', 'MCANetHead'])
def test_norm_and_corners_are_as_the_config_says(kind):
    config = dict(
        type=kind,
        in_channels=(32, 64),
        num_classes=3,
        loss_decode=LOSS,
        norm_cfg=dict(type='GN', num_groups=8),
    )
    if kind == 'MCANetHead':
        config.update(in_index=(0, 1), channels=32, shortcut_channels=32)
    pyramid = torch.randn(1, 32, 8, 8), torch.randn(1, 64, 2, 2)
    maps = {}
    for align in (False, True):
        torch.manual_seed(0)
        head = MODELS.build(config | dict(align_corners=align)).eval()
        kinds = {type(m) for m in head.modules()}
        assert nn.GroupNorm in kinds and nn.BatchNorm2d not in kinds
        maps[align] = head(pyramid)
    assert not torch.allclose(maps[False], maps[True])
