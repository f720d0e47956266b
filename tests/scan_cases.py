"""What the tests of the scans share: backends, random arguments, errors."""

import torch
from torch import Tensor

from multimodal_rs.ops import selective_scan, ss2d
from multimodal_rs.ops.dispatch import NAMES, load

SCAN_NAMES = ('u', 'delta', 'A', 'B', 'C', 'D', 'delta_bias')
SS2D_NAMES = (
    'x',
    'x_proj_weight',
    'dt_proj_weight',
    'dt_proj_bias',
    'A',
    'D',
)


def device_of(backend: str) -> str:
    """Where the tests run a backend."""
    return 'cpu' if 'cpu' in load(backend).devices else 'cuda'


def runnable_backends() -> list[str]:
    """Names of the backends that this process can run."""
    return [
        name
        for name in NAMES
        if load(name).unavailable() is None
        and (device_of(name) == 'cpu' or torch.cuda.is_available())
    ]


def scan_arguments(batch, groups, channels, states, length) -> dict:
    """Random float32 arguments; ``channels`` are those of one group.

    delta is such that softplus makes steps between about 0.05 and 3.
    """
    total = groups * channels
    decay = torch.arange(1, states + 1) * (0.5 + torch.rand(total, 1))
    return dict(
        u=torch.randn(batch, total, length),
        delta=torch.randn(batch, total, length) - 1,
        A=-decay,
        B=torch.randn(batch, groups, states, length),
        C=torch.randn(batch, groups, states, length),
        D=torch.randn(total),
        delta_bias=0.5 * torch.randn(total),
    )


def ss2d_arguments(
    sources, batch, size, channels, states, rank, routes
) -> dict:
    """Random float32 arguments."""
    number, total = len(routes), len(routes) * channels
    decay = torch.arange(1, states + 1) * (0.5 + torch.rand(total, 1))
    projected = rank + 2 * states
    return dict(
        x=torch.randn(sources, batch, *size, channels),
        x_proj_weight=torch.randn(number, projected, channels) / channels**0.5,
        dt_proj_weight=torch.randn(number, channels, rank) / rank**0.5,
        dt_proj_bias=torch.randn(number, channels) - 1,
        A=-decay,
        D=torch.randn(total),
    )


def results(function, arguments: dict, seed: int = 0) -> dict[str, Tensor]:
    """Result and gradients, for a fixed random gradient of the result.

    Args:
        function: Called with the arguments by name.
        arguments: Tensors, gradients of which are taken, or others.

    Returns:
        ``y`` and ``d<name>`` for each tensor, on the CPU.
    """
    leaves = {
        k: v.detach().requires_grad_()
        for k, v in arguments.items()
        if isinstance(v, Tensor)
    }
    y = function(**{**arguments, **leaves})
    generator = torch.Generator().manual_seed(seed)
    dy = torch.randn(y.shape, generator=generator).to(y)
    gradients = torch.autograd.grad(y, list(leaves.values()), dy)
    found = dict(zip((f'd{k}' for k in leaves), gradients, strict=True))
    return {k: v.detach().cpu() for k, v in dict(y=y, **found).items()}


def doubled(arguments: dict) -> dict:
    """The same values in float64."""
    return {
        k: v.double() if isinstance(v, Tensor) else v
        for k, v in arguments.items()
    }


def exact_scan(arguments: dict) -> dict[str, Tensor]:
    """Results of the definition, differentiated by torch, in float64."""
    return results(selective_scan, dict(doubled(arguments), **REFERENCE))


def exact_ss2d(arguments: dict) -> dict[str, Tensor]:
    """Results of the definition, differentiated by torch, in float64."""
    return results(ss2d, dict(doubled(arguments), **REFERENCE))


REFERENCE = dict(backend='reference')


def on(backend: str, arguments: dict) -> dict:
    """Arguments where a backend runs, with its name."""
    device = device_of(backend)
    moved = {
        k: v.to(device) if isinstance(v, Tensor) else v
        for k, v in arguments.items()
    }
    return dict(moved, backend=backend)


def assert_close(ours: dict, exact: dict, tolerance: float = 2e-6) -> None:
    """Every error at most ``tolerance`` of the largest exact value."""
    assert ours.keys() == exact.keys()
    for name, value in exact.items():
        assert ours[name].shape == value.shape, name
        assert ours[name].isfinite().all(), name
        scale = value.abs().max().clamp(min=1e-30)
        error = (ours[name].double() - value).abs().max() / scale
        assert error <= tolerance, f'{name}: relative error {error:.1e}'
