"""The two-dimensional scan against one that flattens and flips maps."""

import pytest
import torch

from multimodal_rs.ops import (
    CROSS4,
    CROSS8,
    Route,
    cross_routes,
    selective_scan,
    selective_scan_ref,
    ss2d,
)
from multimodal_rs.ops.composed import ss2d_composed
from multimodal_rs.ops.routes import positions
from scan_cases import (
    SS2D_NAMES,
    assert_close,
    doubled,
    exact_ss2d,
    on,
    results,
    runnable_backends,
    ss2d_arguments,
)

FORWARD = (Route(0, False, False),)
TWO_WAYS = (Route(0, True, False), Route(0, True, True))
# sources, batch, (h, w), channels, states, rank, routes
SHAPES = [
    (1, 2, (3, 5), 5, 16, 2, CROSS4),
    (2, 1, (4, 3), 17, 3, 1, CROSS8),
    (1, 1, (1, 1), 4, 2, 3, CROSS4),
    (1, 2, (9, 2), 3, 1, 1, TWO_WAYS),
    (1, 1, (1, 37), 33, 1, 4, FORWARD),
    (3, 1, (2, 4), 16, 2, 2, cross_routes(3)),
]
each_backend = pytest.mark.parametrize('backend', runnable_backends())


def explicit(x, x_proj_weight, dt_proj_weight, dt_proj_bias, A, D, routes):
    """All routes as groups of one scan; every step written out."""
    height, width, channels = x.shape[2:]
    rank, states = dt_proj_weight.shape[2], A.shape[1]
    sequences = []
    for source, transposed, backwards in routes:
        image = x[source].permute(0, 3, 1, 2)  # (B, D, H, W)
        sequence = (image.mT if transposed else image).flatten(2)
        sequences.append(sequence.flip(2) if backwards else sequence)
    u = torch.stack(sequences, dim=1)  # (B, K, D, L)
    projected = torch.einsum('kpd,bkdl->bkpl', x_proj_weight, u)
    low_rank, b, c = projected.split((rank, states, states), dim=2)
    delta = torch.einsum('kdr,bkrl->bkdl', dt_proj_weight, low_rank)
    y = selective_scan_ref(
        *(u.flatten(1, 2), delta.flatten(1, 2), A, b, c, D),
        dt_proj_bias.flatten(),
    ).unflatten(1, (len(routes), channels))
    total = 0
    for k, (_, transposed, backwards) in enumerate(routes):
        sequence = y[:, k].flip(2) if backwards else y[:, k]
        size = (width, height) if transposed else (height, width)
        image = sequence.unflatten(2, size)
        total = total + (image.mT if transposed else image)
    return total.permute(0, 2, 3, 1)


@pytest.mark.parametrize('shape', SHAPES)
def test_definition(shape):
    arguments = dict(doubled(ss2d_arguments(*shape)), routes=shape[-1])
    ours = exact_ss2d(arguments)
    assert_close(ours, results(explicit, arguments), 1e-12)


@each_backend
@pytest.mark.parametrize('shape', SHAPES)
def test_result_and_gradients(backend, shape):
    arguments = dict(ss2d_arguments(*shape), routes=shape[-1])
    found = results(ss2d, on(backend, arguments))
    assert_close(found, exact_ss2d(arguments))


@each_backend
def test_single_map_needs_no_dimension(backend):
    arguments = on(backend, ss2d_arguments(*SHAPES[0]))
    expected = ss2d(**arguments)
    arguments['x'] = arguments['x'][0]
    assert arguments['x'].dim() == 4
    torch.testing.assert_close(ss2d(**arguments), expected, rtol=0, atol=0)


@each_backend
def test_strides(backend):
    """A map of a convolution, and half of a projection."""
    arguments = ss2d_arguments(*SHAPES[0])
    expected = exact_ss2d(arguments)
    x = arguments['x']
    convolved = x[0].permute(0, 3, 1, 2).contiguous().permute(0, 2, 3, 1)
    half = torch.cat([x, x], dim=-1)[..., :5]
    for strided in (convolved[None], half):
        assert not strided.is_contiguous()
        found = results(ss2d, on(backend, dict(arguments, x=strided)))
        assert_close(found, expected)


@each_backend
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_16_bit_map(backend, dtype):
    """At most twice the error of plain torch in the same precision."""
    arguments = ss2d_arguments(*SHAPES[0])
    arguments['x'] = arguments['x'].to(dtype)
    exact = exact_ss2d(arguments)
    found = results(ss2d, on(backend, arguments))

    def scan(u, delta, A, B, C, D, bias, softplus):
        narrow = (x.float() for x in (u, delta, B, C))
        u, delta, B, C = narrow
        return selective_scan_ref(u, delta, A, B, C, D, bias, softplus)

    def plain(**parts):
        return ss2d_composed(**parts, routes=CROSS4, scan=scan)

    base = results(plain, arguments)
    assert found['y'].dtype == found['dA'].dtype == torch.float32
    assert found['dx'].dtype == dtype
    for name, value in exact.items():
        scale = value.abs().max()
        ours, theirs = (
            (r[name].double() - value).abs().max() / scale
            for r in (found, base)
        )
        floor = torch.finfo(dtype).eps
        assert ours <= 2 * theirs + floor, (name, ours, theirs)


@each_backend
def test_without_memory_a_pixel_sees_itself_only(backend):
    arguments = ss2d_arguments(*SHAPES[1])
    arguments['A'] = torch.full_like(arguments['A'], -1e4)
    arguments = dict(on(backend, arguments), routes=CROSS8)
    before = ss2d(**arguments)
    changed = arguments['x'].clone()
    changed[1, 0, 2, 1] += 1
    difference = (ss2d(**dict(arguments, x=changed)) - before).abs().sum(3)
    assert difference[0, 2, 1] > 1e-3
    difference[0, 2, 1] = 0
    assert difference.max() == 0


@each_backend
@pytest.mark.parametrize('transposed', [False, True])
@pytest.mark.parametrize('backwards', [False, True])
def test_what_a_pixel_reaches(backend, transposed, backwards):
    route = Route(0, transposed, backwards)
    arguments = ss2d_arguments(1, 1, (4, 3), 5, 4, 1, (route,))
    arguments = dict(on(backend, arguments), routes=(route,))
    changed = arguments['x'].clone()
    changed[0, 0, 1, 2] += 1
    difference = ss2d(**dict(arguments, x=changed)) - ss2d(**arguments)
    reached = (difference.abs().sum(3)[0] > 1e-6).cpu()
    row, column = torch.meshgrid(
        torch.arange(4), torch.arange(3), indexing='ij'
    )
    time = column * 4 + row if transposed else row * 3 + column
    later = time <= time[1, 2] if backwards else time >= time[1, 2]
    assert torch.equal(reached, later)


@each_backend
def test_images_of_a_batch_do_not_mix(backend):
    arguments = on(backend, ss2d_arguments(*SHAPES[0]))
    both = ss2d(**arguments)
    for i in range(2):
        single = dict(arguments, x=arguments['x'][:, i : i + 1])
        torch.testing.assert_close(ss2d(**single)[0], both[i])


@each_backend
def test_autocast_keeps_float32(backend):
    arguments = on(backend, ss2d_arguments(*SHAPES[0]))
    device = arguments['x'].device.type
    expected = results(ss2d, arguments)

    def under_autocast(**parts):
        with torch.autocast(device, dtype=torch.bfloat16):
            return ss2d(**parts)

    found = results(under_autocast, arguments)
    assert_equal(found, expected)
    if backend == 'reference':  # torch's own matrix products go backward
        return
    with torch.autocast(device, dtype=torch.bfloat16):
        assert_equal(results(ss2d, arguments), expected)


def assert_equal(found, expected):
    for name, value in expected.items():
        assert found[name].dtype == torch.float32
        torch.testing.assert_close(found[name], value, rtol=0, atol=0)


def test_definition_has_two_derivatives():
    arguments = ss2d_arguments(1, 1, (1, 3), 1, 1, 1, CROSS4[:2])
    leaves = [arguments[n].double().requires_grad_() for n in SS2D_NAMES]

    def scan(*tensors):
        return ss2d(*tensors, routes=CROSS4[:2])

    assert torch.autograd.gradcheck(scan, leaves)
    assert torch.autograd.gradgradcheck(scan, leaves)


def test_definition_of_the_1d_scan_has_two_derivatives():
    shapes = [(1, 2, 3), (1, 2, 3), (2, 2), (1, 1, 2, 3), (1, 1, 2, 3), 2, 2]
    leaves = [torch.randn(s).double().requires_grad_() for s in shapes]
    assert torch.autograd.gradcheck(selective_scan, leaves)
    assert torch.autograd.gradgradcheck(selective_scan, leaves)


def test_routes_visit_every_pixel_once():
    places = positions(CROSS8, 3, 5)
    assert places.shape == (8, 15)
    assert (places.sort(dim=1).values == torch.arange(15)).all()
    assert places[:4, 0].tolist() == [0, 0, 0, 0]
    assert places[4:, 0].tolist() == [14, 14, 14, 14]
    assert places[2, :4].tolist() == [0, 5, 10, 1]
    assert [r.source for r in CROSS8] == [0, 1] * 4


def test_positions_of_an_inference_serve_training():
    shape = (1, 2, (3, 7), 5, 2, 2, CROSS4)
    arguments = list(doubled(ss2d_arguments(*shape)).values())
    with torch.inference_mode():
        expected = ss2d(*arguments)
    arguments = [t.clone().requires_grad_() for t in arguments]
    y = ss2d(*arguments)
    y.sum().backward()
    torch.testing.assert_close(y.detach(), expected.clone())


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_routes_may_be_plain_triples(dtype):
    found = ss2d_arguments(1, 2, (3, 5), 5, 2, 2, CROSS4)
    arguments = [t.to(dtype) for t in found.values()]
    triples = [list(route) for route in CROSS4]
    torch.testing.assert_close(
        ss2d(*arguments, routes=triples), ss2d(*arguments)
    )


@pytest.mark.parametrize(
    ('name', 'change', 'message'),
    [
        ('x', lambda x: x[0, 0], r'x must be \(B, H, W, D\) or'),
        ('x', lambda x: x[..., :0], 'and not empty'),
        ('x_proj_weight', lambda x: x[:3], r'have shape \(4, 34, 5\)'),
        ('dt_proj_bias', lambda x: x[0], r'have shape \(4, 5\)'),
        ('A', lambda x: x[:5], r'A must have shape \(20, 16\)'),
        ('D', lambda x: x[None], r'D must have shape \(20,\)'),
        ('A', lambda x: x.to('meta'), 'A is on meta, x on cpu'),
        ('routes', lambda _: (), 'routes is empty'),
        ('routes', lambda _: CROSS8, r'\(1, False, False\) does not fit 1'),
    ],
)
def test_arguments_that_do_not_fit(name, change, message):
    arguments = dict(ss2d_arguments(*SHAPES[0]), routes=CROSS4)
    arguments[name] = change(arguments[name])
    with pytest.raises(ValueError, match='ss2d: .*' + message):
        ss2d(**arguments)
