import torch

from multimodal_rs.models.layers.plain_fusion import ConcatFusion, SumFusion


def test_sum():
    a, b = torch.randn(2, 2, 5, 3, 4)
    fused, difference = SumFusion(5)(a, b)
    assert torch.equal(fused, a + b) and difference is None


def test_concatenation_weighs_every_channel_of_both():
    a, b = torch.randn(2, 2, 5, 3, 4)
    layer = ConcatFusion(5)
    fused, difference = layer(a, b)
    left, right = layer.conv.weight[..., 0, 0].split(5, dim=1)
    expected = torch.einsum('kc,bchw->bkhw', left, a)
    expected += torch.einsum('kc,bchw->bkhw', right, b)
    torch.testing.assert_close(fused, expected)
    assert difference is None and layer.compare(a, b) is None
