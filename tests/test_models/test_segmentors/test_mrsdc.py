"""MRSDC: the two-branch network, made dense."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from helpers import assert_gradients_reach
from model_bases import (
    build,
    count_parameters,
    field_of_view,
    images,
    logits,
)
from multimodal_rs.models.backbones.mrsdc_branches import (
    Cascade,
    CascadeBranch,
    TwoTunnelBranch,
)
from multimodal_rs.models.necks.mrsdc_neck import MRSDCNeck


def test_parameters():
    assert count_parameters('mrsdc') == pytest.approx(1.28e6, rel=0.01)
    assert count_parameters('mrsdc_xs') < 1.28e6 / 12


def test_fields_of_view():
    assert field_of_view(CascadeBranch(3)) == 22
    assert field_of_view(TwoTunnelBranch(2).spatial) == 4


@pytest.mark.parametrize('size, batch', [((32, 32), 2), ((33, 22), 1)])
@torch.no_grad()
def test_shapes(size, batch):
    model, inputs = build('mrsdc').eval(), images(size, batch)
    cells = tuple(-(-n // 2) for n in size)
    maps = model.backbone(inputs)
    assert maps['opt'][0].shape == (batch, 128, *cells)
    assert maps['sar'][0].shape == (batch, 512 + 128, *cells)
    answer = logits(model, inputs)
    assert answer.shape == (batch, 8, *size)
    assert torch.equal(answer, logits(model, inputs))


@pytest.mark.parametrize('kernel_size', [1, 5])
def test_gradients_reach_everything(kernel_size):
    changes = dict(neck=dict(kernel_size=kernel_size))
    model, inputs = build('mrsdc', changes=changes).train(), images((12, 10))
    (out,) = model.extract_feat(inputs)
    assert out.shape == (2, 128, 6, 5)
    parts = nn.ModuleList([model.backbone, model.neck])
    assert_gradients_reach(out, parts, inputs)


def test_any_number_of_modalities():
    channels = dict(opt=4, sar=6, dem=2)
    neck = MRSDCNeck(tuple(channels), channels, 8)
    maps = {m: (torch.randn(2, c, 3, 5),) for m, c in channels.items()}
    assert neck(maps)[0].shape == (2, 8, 3, 5)
    with pytest.raises(ValueError, match='one entry per modality'):
        MRSDCNeck(('opt', 'sar'), dict(opt=4))
    with pytest.raises(ValueError, match='kernel_size must be odd.* got 4'):
        MRSDCNeck(tuple(channels), channels, 8, kernel_size=4)


def test_a_long_spectrum_is_convolved():
    """The authors' tunnel: the order of the bands counts, not the pixels."""
    branch = TwoTunnelBranch(18)
    image = torch.randn(2, 18, 4, 4, requires_grad=True)
    (out,) = branch(image)
    assert out.shape == (2, 640, 2, 2)
    assert_gradients_reach(out, branch, image)
    with torch.no_grad():
        tunnel = branch.eval().spectral
        before = tunnel(image)
        assert not torch.allclose(before, tunnel(image.flip(1)), atol=1e-4)
        torch.testing.assert_close(
            before.flip(3), tunnel(image.flip(3)), rtol=0, atol=1e-5
        )
    assert isinstance(TwoTunnelBranch(15).spectral[0], nn.Conv2d)


@torch.no_grad()
def test_cascade_block_by_its_formula():
    block = Cascade(3, 4).eval()
    x = torch.randn(1, 3, 5, 5)
    kept = block.first(x)

    def leaky(y):
        return functional.leaky_relu(y, 0.2)

    wide = functional.conv2d(x, block.shortcut.weight)
    wide = wide + functional.conv2d(
        leaky(kept), block.middle.weight, block.middle.bias, padding=1
    )
    expected = leaky(block.last(leaky(block.middle_norm(wide))) + kept)
    torch.testing.assert_close(block(x), expected)
    assert (block(x) < 0).any()  # leaky, also at the end
