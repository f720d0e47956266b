"""Every backend that can run here against the definition in float64."""

import pytest
import torch

from multimodal_rs.ops import selective_scan
from scan_cases import (
    assert_close,
    doubled,
    exact_scan,
    on,
    results,
    runnable_backends,
    scan_arguments,
)

# batch, groups, channels of a group, states, steps
SHAPES = [
    (2, 4, 5, 16, 1),
    (1, 1, 3, 2, 7),
    (2, 1, 17, 8, 33),
    (1, 8, 4, 1, 100),
    (2, 4, 16, 3, 65),
    (1, 2, 33, 20, 50),
    (3, 1, 48, 16, 129),
]

pytestmark = pytest.mark.parametrize('backend', runnable_backends())


@pytest.fixture
def arguments():
    return scan_arguments(2, 2, 5, 3, 21)


def agree(backend, arguments, tolerance=2e-6):
    found = results(selective_scan, on(backend, arguments))
    assert_close(found, exact_scan(arguments), tolerance)


@pytest.mark.parametrize('shape', SHAPES)
def test_result_and_gradients(backend, shape):
    agree(backend, scan_arguments(*shape))


@pytest.mark.parametrize('without', ['D', 'delta_bias', 'softplus', 'all'])
def test_options(backend, arguments, without):
    if without in ('D', 'all'):
        arguments['D'] = None
    if without in ('delta_bias', 'all'):
        arguments['delta_bias'] = None
    softplus = without not in ('softplus', 'all')
    if not softplus:  # steps may have any sign, but states must not explode
        arguments['delta'] = 0.1 * arguments['delta']
    agree(backend, dict(arguments, delta_softplus=softplus))


def test_groups_share_b_and_c(backend):
    arguments = scan_arguments(1, 1, 6, 3, 9)
    flat = {k: arguments[k][:, 0] for k in 'BC'}
    split = {k: arguments[k].repeat(1, 3, 1, 1) for k in 'BC'}
    whole = selective_scan(**on(backend, dict(arguments, **flat)))
    groups = selective_scan(**on(backend, dict(arguments, **split)))
    torch.testing.assert_close(whole, groups)


def test_strides(backend):
    plain = scan_arguments(2, 2, 5, 3, 21)
    channels_last = plain['u'].transpose(1, 2).contiguous().transpose(1, 2)
    spread = torch.randn(2, 10, 42)
    spread[..., ::2] = plain['delta']
    strided = dict(
        plain,
        u=channels_last,
        delta=spread[..., ::2],
        A=plain['A'].T.contiguous().T,
        B=plain['B'].flip(1)[..., :1].expand(-1, -1, -1, 21),
        C=plain['C'].transpose(0, 3).contiguous().transpose(0, 3),
    )
    strided['D'] = torch.ones(()).expand(10)
    strided = on(backend, strided)
    # detach() keeps strides, so the operator sees them.
    assert not strided['u'].detach().is_contiguous()
    found = results(selective_scan, strided)
    del strided['backend']
    assert_close(found, exact_scan(strided))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_16_bit_arguments(backend, arguments, dtype):
    for name in ('u', 'delta', 'B', 'C'):
        arguments[name] = arguments[name].to(dtype)
    found = results(selective_scan, on(backend, arguments))
    exact = exact_scan(arguments)
    assert found['y'].dtype == found['dA'].dtype == torch.float32
    assert found['du'].dtype == found['dB'].dtype == dtype
    narrow = ('du', 'ddelta', 'dB', 'dC')
    wide = {k: v for k, v in found.items() if k not in narrow}
    assert_close(wide, {k: exact[k] for k in wide})
    # Computed in float32, rounded once.
    rounding = torch.finfo(dtype).eps
    assert_close(
        {k: found[k] for k in narrow},
        {k: exact[k] for k in narrow},
        rounding,
    )


def test_zeros_after_the_last_input(backend):
    """Masked or missing data: states fade through the denormal numbers."""
    arguments = scan_arguments(1, 1, 4, 2, 700)
    for name in ('u', 'B', 'C'):
        arguments[name][..., 20:] = 0
    agree(backend, arguments)


@pytest.mark.parametrize('raw', [100.0, -100.0, -15.0, -30.0])
def test_huge_and_tiny_steps(backend, arguments, raw):
    arguments['delta'] = torch.full_like(arguments['delta'], raw)
    arguments['delta'][..., ::3] = 0.5
    agree(backend, arguments)


def test_steps_of_both_extremes(backend, arguments):
    sign = torch.randn_like(arguments['delta']).sign()
    agree(backend, dict(arguments, delta=100 * sign))


def test_long_memory(backend):
    """A thousand decays close to 1; sums over time cancel in part."""
    arguments = scan_arguments(1, 1, 2, 1, 1000)
    arguments['delta'] -= 8  # steps of about 1e-4
    agree(backend, arguments, 2e-5)


def test_closed_form(backend):
    """The sum over all earlier inputs, written down without a recurrence."""
    a = doubled(scan_arguments(2, 1, 3, 2, 12))
    step = torch.nn.functional.softplus(a['delta'] + a['delta_bias'][:, None])
    time = step.cumsum(dim=2)
    # exp(A (s_{j+1} + ... + s_i)) for j <= i
    since = (time[..., :, None] - time[..., None, :]).tril()
    decay = torch.exp(since[..., None] * a['A'][:, None, None])
    kernel = torch.einsum(
        'bni,bdijn,bnj->bdij', a['C'][:, 0], decay, a['B'][:, 0]
    ).tril()
    expected = torch.einsum('bdij,bdj->bdi', kernel, step * a['u'])
    expected += a['u'] * a['D'][:, None]
    single = {k: v.float() for k, v in a.items()}
    found = selective_scan(**on(backend, single)).cpu()
    assert_close(dict(y=found), dict(y=expected))


def test_linear_in_u(backend, arguments):
    def scan(u):
        return selective_scan(**on(backend, dict(arguments, u=u)))

    first, second = torch.randn(2, *arguments['u'].shape)
    torch.testing.assert_close(
        scan(2 * first - 3 * second),
        2 * scan(first) - 3 * scan(second),
        rtol=1e-4,
        atol=1e-4,
    )


def test_sequences_do_not_mix_nor_see_the_future(backend, arguments):
    before = selective_scan(**on(backend, arguments))
    changed = {k: v.clone() for k, v in arguments.items()}
    for name in ('u', 'delta', 'B', 'C'):
        changed[name][1, ..., 13:] += 1
    after = selective_scan(**on(backend, changed))
    torch.testing.assert_close(after[0], before[0], rtol=0, atol=0)
    torch.testing.assert_close(after[1, :, :13], before[1, :, :13])
    assert ((after - before)[1, :, 13:].abs() > 1e-4).float().mean() > 0.9


def test_autocast_changes_nothing(backend, arguments):
    plain = on(backend, arguments)
    device = plain['u'].device.type
    expected = results(selective_scan, plain)
    with torch.autocast(device, dtype=torch.bfloat16):
        found = results(selective_scan, plain)
    assert found['y'].dtype == torch.float32
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=0)


class _Stop(torch.autograd.Function):
    """Passes a result on, but no gradient back."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, dy):
        return None


def test_no_gradient_arrives(backend, arguments):
    plain = on(backend, arguments)
    u = plain['u'].requires_grad_()
    y = selective_scan(**plain)
    (_Stop.apply(y).sum() + u.sum()).backward()
    torch.testing.assert_close(u.grad, torch.ones_like(u))


def test_only_wanted_gradients(backend, arguments):
    plain = on(backend, arguments)
    plain['A'].requires_grad_()
    y = selective_scan(**plain)
    y.sum().backward()
    assert plain['A'].grad.abs().sum() > 0
    assert plain['u'].grad is None
    with torch.no_grad():
        assert not selective_scan(**plain).requires_grad


@pytest.mark.parametrize(
    ('name', 'change', 'message'),
    [
        ('u', lambda x: x[0], r'u must be \(B, channels, L\), got \(10, 21\)'),
        ('B', lambda x: x[0, 0], r'B must be \(B, groups, N, L\)'),
        ('delta', lambda x: x[..., 1:], r'delta must have shape \(2, 10, 21'),
        ('A', lambda x: x[1:], r'A must have shape \(10, 3\)'),
        ('C', lambda x: x[:, :1], r'C must have shape \(2, 2, 3, 21\)'),
        ('D', lambda x: x[1:], r'D must have shape \(10,\)'),
        (
            'B',
            lambda x: x.repeat(1, 2, 1, 1)[:, :3],
            r'split into the 3 groups of B',
        ),
        ('D', lambda x: x.to('meta'), r'D is on meta, u on'),
    ],
)
def test_shapes_that_do_not_fit(backend, arguments, name, change, message):
    arguments = on(backend, arguments)
    arguments[name] = change(arguments[name])
    with pytest.raises(ValueError, match='selective_scan: .*' + message):
        selective_scan(**arguments)


@pytest.mark.parametrize('empty', [lambda x: x[..., :0], lambda x: x[:0]])
def test_nothing_to_scan(backend, arguments, empty):
    for name in ('u', 'delta', 'B', 'C'):
        arguments[name] = empty(arguments[name])
    with pytest.raises(ValueError, match='and not empty'):
        selective_scan(**on(backend, arguments))
