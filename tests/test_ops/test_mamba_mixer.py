"""The 1-D Mamba layer and its convolution against their formulas."""

import math
import sys
from types import ModuleType

import pytest
import torch
from torch.nn import functional

from helpers import assert_gradients_reach
from multimodal_rs.models.layers.mamba_mixer import MambaMixer
from multimodal_rs.ops import causal_conv1d as module
from multimodal_rs.ops.causal_conv1d import causal_conv1d


def formula(mixer, x):
    """One token after the other, as the layer would generate text."""
    inner, states = mixer.A_log.shape
    taps, rank = mixer.conv1d.kernel_size[0], mixer.dt_proj.in_features
    a_matrix = -mixer.A_log.exp()
    outputs = []
    for tokens in x:  # (L, C)
        window = x.new_zeros(inner, taps)
        h = x.new_zeros(inner, states)
        rows = []
        for token in tokens:
            a, z = mixer.in_proj(token).split(inner)
            window = torch.cat([window[:, 1:], a[:, None]], dim=1)
            u = (window * mixer.conv1d.weight[:, 0]).sum(dim=1)
            if mixer.conv1d.bias is not None:
                u = u + mixer.conv1d.bias
            u = u * torch.sigmoid(u)
            low, b, c = mixer.x_proj(u).split((rank, states, states))
            step = torch.log1p(torch.exp(mixer.dt_proj(low)))
            h = h * torch.exp(step[:, None] * a_matrix)
            h = h + torch.outer(step * u, b)
            y = h @ c + mixer.D * u
            rows.append(mixer.out_proj(y * z * torch.sigmoid(z)))
        outputs.append(torch.stack(rows))
    return torch.stack(outputs)


@pytest.mark.parametrize(
    'options',
    [
        {},
        dict(d_state=3, d_conv=2, expand=1, dt_rank=5, bias=True),
        dict(conv_bias=False, expand=1.5, d_state=1),
    ],
)
@pytest.mark.parametrize('length', [1, 3, 20])
def test_formula(options, length):
    mixer = MambaMixer(8, **options).double()
    for parameter in mixer.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    x = torch.randn(2, length, 8, dtype=torch.float64)
    torch.testing.assert_close(mixer(x), formula(mixer, x))


@pytest.mark.parametrize('backend', ['auto', 'torch', 'reference'])
def test_float32_and_gradients(backend):
    mixer = MambaMixer(8, backend=backend)
    x = torch.randn(2, 11, 8, requires_grad=True)
    y = mixer(x)
    torch.testing.assert_close(y, formula(mixer, x), rtol=1e-4, atol=1e-5)
    assert_gradients_reach(y, mixer, [x])


def test_names_shapes_and_initialisation_of_mamba_ssm():
    mixer = MambaMixer(40)
    assert {k: tuple(v.shape) for k, v in mixer.state_dict().items()} == {
        'A_log': (80, 16),
        'D': (80,),
        'in_proj.weight': (160, 40),
        'conv1d.weight': (80, 1, 4),
        'conv1d.bias': (80,),
        'x_proj.weight': (3 + 32, 80),
        'dt_proj.weight': (80, 3),
        'dt_proj.bias': (80,),
        'out_proj.weight': (40, 80),
    }
    with_bias = MambaMixer(40, bias=True, conv_bias=False).state_dict()
    extra = {'in_proj.bias', 'out_proj.bias'}
    assert set(with_bias) == set(mixer.state_dict()) - {'conv1d.bias'} | extra
    step = functional.softplus(mixer.dt_proj.bias)
    assert 0.00099 < step.min() < 0.005 and 0.02 < step.max() < 0.1001
    assert step.log().std() > 0.25 * math.log(100)  # log-uniform: 0.29
    assert mixer.dt_proj.weight.abs().max() <= 3**-0.5
    assert mixer.dt_proj.weight.abs().max() > 0.9 * 3**-0.5
    torch.testing.assert_close(
        mixer.A_log.exp(), torch.arange(1.0, 17).expand(80, 16)
    )
    assert (mixer.D == 1).all()


def test_autocast():
    mixer = MambaMixer(16)
    x = torch.randn(2, 11, 16)
    expected = mixer(x)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        y = mixer(x)
    assert y.dtype == torch.bfloat16
    error = (y.float() - expected).abs().max() / expected.abs().max()
    assert 0 < error < 0.05
    y.float().sum().backward()
    assert mixer.A_log.grad.isfinite().all()


def test_looks_back_only():
    mixer = MambaMixer(8)
    x = torch.randn(1, 9, 8)
    changed = x.clone()
    changed[:, 5] += 1
    difference = (mixer(changed) - mixer(x)).abs().sum(dim=2)[0]
    assert difference[:5].max() == 0
    assert difference[5:].min() > 0


@pytest.mark.parametrize('width', [1, 3, 4])
@pytest.mark.parametrize('length', [1, 2, 7])
def test_convolution(width, length):
    x = torch.randn(2, 3, length)
    weight, bias = torch.randn(3, width), torch.randn(3)
    expected = torch.zeros_like(x)
    for t in range(length):
        for k in range(width):
            before = t - width + 1 + k
            if before >= 0:
                expected[..., t] += weight[:, k] * x[..., before]
    torch.testing.assert_close(causal_conv1d(x, weight), expected)
    shifted = expected + bias[:, None]
    torch.testing.assert_close(
        causal_conv1d(x, weight, bias, silu=True),
        shifted * torch.sigmoid(shifted),
    )


def test_convolution_refuses_other_channels():
    with pytest.raises(ValueError, match=r'causal_conv1d: .*\(2, 3, 5\) and'):
        causal_conv1d(torch.zeros(2, 3, 5), torch.zeros(4, 2))


def test_kernel_is_asked_only_where_it_can_run(monkeypatch):
    monkeypatch.setattr(module, 'unavailable', lambda: None)
    x, weight = torch.zeros(1, 2, 3), torch.zeros(2, 4)
    assert not module._kernel_takes(x, weight)  # on a CPU
    on_gpu = torch.zeros(1, 2, 3, device='meta')
    assert not module._kernel_takes(on_gpu, weight)


def test_kernel_gets_what_it_wants(monkeypatch):
    """The call of the package, without its kernel."""
    package = ModuleType('causal_conv1d')

    def causal_conv1d_fn(x, weight, bias=None, activation=None):
        assert x.stride(2) == 1 and weight.shape == (2, 4)
        assert bias is None and activation in ('silu', None)
        return (x, activation)

    package.causal_conv1d_fn = causal_conv1d_fn
    monkeypatch.setitem(sys.modules, 'causal_conv1d', package)
    monkeypatch.setattr(module, '_kernel_takes', lambda x, weight: True)
    x = torch.randn(1, 3, 2).transpose(1, 2)
    same, activation = causal_conv1d(x, torch.zeros(2, 4), silu=True)
    assert torch.equal(same, x) and activation == 'silu'
    assert causal_conv1d(x, torch.zeros(2, 4))[1] is None


@pytest.mark.gpu
def test_convolution_of_the_package():
    if module.unavailable() is not None:
        pytest.skip(module.unavailable())
    x = torch.randn(2, 12, 33)
    weight, bias = torch.randn(12, 4), torch.randn(12)
    expected = causal_conv1d(x, weight, bias, silu=True)
    found = causal_conv1d(x.cuda(), weight.cuda(), bias.cuda(), silu=True)
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.gpu
def test_same_as_the_package():
    package = pytest.importorskip(
        'mamba_ssm.modules.mamba_simple', reason='mamba-ssm is not installed'
    )
    theirs = package.Mamba(32).cuda()
    ours = MambaMixer(32).cuda()
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 50, 32, device='cuda')
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-5)
