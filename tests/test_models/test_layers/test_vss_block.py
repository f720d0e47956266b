import torch
from torch.nn import functional

from multimodal_rs.models.layers.vss_block import MLP, POSITIONS


def test_mlp_in_pieces_is_the_mlp():
    torch.manual_seed(0)
    mlp = MLP(8, 32)
    x = torch.randn(3, 50, POSITIONS // 60, 8, requires_grad=True)
    assert x[..., 0].numel() > 2 * POSITIONS
    whole = mlp.fc2(functional.gelu(mlp.fc1(x)))
    weight = torch.randn_like(whole)
    wanted = (x, *mlp.parameters())
    expected = torch.autograd.grad((whole * weight).sum(), wanted)
    pieces = mlp(x)
    found = torch.autograd.grad((pieces * weight).sum(), wanted)
    torch.testing.assert_close(pieces, whole, rtol=1e-5, atol=1e-6)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
