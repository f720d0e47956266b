"""MBFNet: second-order channel selection and bilinear fusion, made dense."""

import pytest
import torch
from torch import nn

from helpers import assert_gradients_reach
from model_bases import build, count_parameters, images, logits
from multimodal_rs.models.backbones.alexnet import AlexNet
from multimodal_rs.models.layers.second_order_selection import (
    SecondOrderSelection,
    signed_root,
)
from multimodal_rs.models.necks.bilinear_neck import (
    BilinearFusionNeck,
    bilinear,
)
from multimodal_rs.weights.pretrained import load_pretrained

# Where torchvision's alexnet has its convolutions.
CONVOLUTIONS = (0, 3, 6, 8, 10)


def test_parameters():
    number = count_parameters('mbfnet_alexnet')
    assert number == pytest.approx(6.13e6, rel=0.01)
    for bands, millions in ((3, 2.470), (2, 2.462)):
        number = sum(p.numel() for p in AlexNet(bands).parameters())
        assert number == pytest.approx(millions * 1e6, rel=0.001)
    attention = SecondOrderSelection(256)
    assert sum(p.numel() for p in attention.parameters()) == 74_256


def test_alexnet_has_the_names_of_torchvision(tmp_path):
    narrow = (2, 2, 2, 2, 2)
    rgb, radar = AlexNet(3, narrow), AlexNet(2, narrow)
    kinds = {k.rpartition('.')[0] for k in rgb.state_dict()}
    assert kinds == {f'features.{i}' for i in CONVOLUTIONS}
    torch.save(rgb.state_dict(), tmp_path / 'alexnet.pth')
    report = load_pretrained(radar, str(tmp_path / 'alexnet.pth'))
    assert report.adapted == ['features.0.weight (3 to 2 input bands)']
    assert not report.missing and not report.unused


@pytest.mark.parametrize(
    'size, cells', [((256, 256), (15, 15)), ((63, 50), (3, 2))]
)
@torch.no_grad()
def test_shapes(size, cells):
    model = build('mbfnet_alexnet-scratch').eval()
    inputs = images(size, batch=1)
    assert model.backbone(inputs)['sar'][0].shape == (1, 256, *cells)
    assert model.extract_feat(inputs)[0].shape == (1, 256, *cells)
    answer = logits(model, inputs)
    assert answer.shape == (1, 8, *size)
    assert torch.equal(answer, logits(model, inputs))


@pytest.mark.parametrize('select', ['topk', 'projection'])
def test_gradients_reach_everything(select):
    narrow = (4, 6, 8, 8, 32)
    legs = nn.ModuleDict(dict(opt=AlexNet(3, narrow), sar=AlexNet(2, narrow)))
    neck = BilinearFusionNeck(('opt', 'sar'), 32, 8, select, channels=16)
    neck.init_weights()
    inputs = images((64, 80))
    maps = {m: leg(inputs[m]) for m, leg in legs.items()}
    (out,) = neck(maps)
    assert out.shape == (2, 16, 3, 4)
    assert_gradients_reach(out, nn.ModuleList([legs, neck]), inputs)


@torch.no_grad()
def test_permuted_channels_have_permuted_weights():
    attention, x = SecondOrderSelection(32, 8), torch.randn(2, 32, 3, 3)
    order = torch.randperm(32)
    weights = attention.weights(x)
    attention.rows.copy_(attention.rows[order][:, order])
    attention.row_bias.copy_(attention.row_bias[order])
    squeeze, _, excite, _ = attention.gate
    squeeze.weight.copy_(squeeze.weight[:, order])
    excite.weight.copy_(excite.weight[order])
    excite.bias.copy_(excite.bias[order])
    torch.testing.assert_close(
        attention.weights(x[:, order]), weights[:, order]
    )


@torch.no_grad()
def test_second_order_statistics_by_their_formula():
    attention, x = SecondOrderSelection(32, 8), torch.randn(1, 32, 3, 3)
    seen = []
    attention.gate[0].register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0][0])
    )
    attention.weights(x)
    average, maximum = x[0].mean((1, 2)), x[0].amax((1, 2))
    second = signed_root(torch.outer(average, maximum))
    second = second / second.norm()
    second = (second + second.T) / 2
    expected = torch.stack(
        [
            torch.dot(attention.rows[i], second[i]) + attention.row_bias[i]
            for i in range(32)
        ]
    )
    torch.testing.assert_close(seen[0], expected)


@torch.no_grad()
def test_selecting_all_channels_is_weighing_them():
    attention, x = SecondOrderSelection(32, 32), torch.randn(2, 32, 3, 3)
    weights = attention.weights(x)
    order = weights.argsort(dim=1, descending=True)[..., None, None]
    expected = (x * weights[..., None, None]).gather(1, order.expand_as(x))
    torch.testing.assert_close(attention(x), expected)
    few = SecondOrderSelection(32, 5)
    few.load_state_dict(attention.state_dict())
    torch.testing.assert_close(few(x), expected[:, :5])


def test_swapped_modalities_transpose_the_outer_product():
    first, second = torch.randn(2, 3, 2, 2), torch.randn(2, 4, 2, 2)
    product = bilinear(first, second)
    swapped = bilinear(second, first).unflatten(1, (4, 3)).transpose(1, 2)
    torch.testing.assert_close(product, swapped.flatten(1, 2))
    torch.testing.assert_close(product.norm(dim=1), torch.ones(2, 2, 2))
    one = signed_root(first[0, 1, 0, 1] * second[0, 2, 0, 1])
    ratio = product[0, 1 * 4 + 2, 0, 1] / product[0, 0, 0, 1]
    other = signed_root(first[0, 0, 0, 1] * second[0, 0, 0, 1])
    torch.testing.assert_close(ratio, one / other)


def test_the_root_has_a_gradient_at_zero():
    x = torch.tensor([0.0, 4.0, -4.0], requires_grad=True)
    root = signed_root(x)
    torch.testing.assert_close(
        root, torch.tensor([0.0, 2.0, -2.0]), atol=0.01, rtol=0
    )
    root.sum().backward()
    assert x.grad.isfinite().all()


@torch.no_grad()
def test_mixed_precision_stays_out_of_the_products():
    neck = BilinearFusionNeck(('opt', 'sar'), 32, 8, channels=16).eval()
    maps = {m: (torch.randn(1, 32, 3, 3),) for m in ('opt', 'sar')}
    (expected,) = neck(maps)
    with torch.autocast('cpu', torch.bfloat16):
        (found,) = neck(maps)
    assert torch.equal(found, expected)


def test_misuse_is_named():
    with pytest.raises(ValueError, match='channels of two modalities'):
        BilinearFusionNeck(('opt', 'sar', 'dem'))
    with pytest.raises(ValueError, match='selected=300'):
        SecondOrderSelection(256, 300)
    with pytest.raises(ValueError, match='at least 31 x 31 pixels'):
        AlexNet(1)(torch.zeros(1, 1, 30, 64))
