import pytest
import torch
from mmseg.registry import MODELS

from helpers import assert_gradients_reach

CFG = dict(
    type='DeepLabV3PlusDecoder',
    in_channels=(8, 16),
    in_index=(0, 1),
    channels=12,
    shortcut_channels=4,
)


def maps(batch=2, size=(5, 3)):
    height, width = size
    return (
        torch.randn(batch, 8, 4 * height, 4 * width, requires_grad=True),
        torch.randn(batch, 16, height, width, requires_grad=True),
    )


@pytest.mark.parametrize('batch, size', [(2, (4, 4)), (1, (5, 3))])
def test_output_has_the_shallow_stride(batch, size):
    decoder = MODELS.build(CFG).eval()
    (out,) = decoder(maps(batch, size))
    assert out.shape == (batch, 12, 4 * size[0], 4 * size[1])


def test_gradients_reach_everything():
    decoder = MODELS.build(CFG | dict(dropout=0.0))
    levels = maps(size=(8, 8))
    assert_gradients_reach(decoder(levels), decoder, levels)


def test_dropout_only_in_training():
    decoder = MODELS.build(CFG)
    levels = maps()
    first, second = (decoder(levels)[0] for _ in range(2))
    assert not torch.equal(first, second)
    decoder.eval()
    first, second = (decoder(levels)[0] for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_levels_are_taken_by_index():
    decoder = MODELS.build(CFG | dict(in_index=(1, 3))).eval()
    shallow, deep = maps()
    unused = torch.full((1,), torch.nan)
    (out,) = decoder((unused, shallow, unused, deep))
    assert out.isfinite().all()
