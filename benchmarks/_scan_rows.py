"""Rows of ``benchmarks/ops.py``: what it compares, one function each."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from _microkernels import softplus_per_second, state_updates_per_second
from _scan_baselines import composed_ss2d, loop_scan, network_with
from _timing import measure
from multimodal_rs.models.backbones.vmamba import VMamba
from multimodal_rs.ops import selective_scan, ss2d

# First stage of VMamba-T at 256x256, batch 2.
BATCH, CHANNELS, SIDE, RANK, ROUTES = 2, 192, 64, 6, 4
Run = Callable[[], object]


class Comparison(NamedTuple):
    """Two ways to the same result.

    Attributes:
        baseline: Run of the first.
        ours: Run of the second.
        turns: How often the baseline is run; ours is run more often.
    """

    baseline: Run
    ours: Run
    turns: int = 1


def scan_comparison(
    states: int, backward: bool, backend: str = 'auto'
) -> Comparison:
    """Compare the one-dimensional scan with the loop."""
    torch.manual_seed(0)
    length, channels = SIDE**2, ROUTES * CHANNELS
    coefficients = (BATCH, ROUTES, states, length)
    arguments = [
        torch.randn(BATCH, channels, length),
        torch.randn(BATCH, channels, length) * 0.5,
        -torch.arange(1.0, states + 1).expand(channels, states).clone(),
        torch.randn(coefficients),
        torch.randn(coefficients),
        torch.ones(channels),
        torch.randn(channels) * 0.5 - 4,
    ]
    return _compare(
        lambda *a: loop_scan(*a, by_index=not backward),
        lambda *a: selective_scan(*a, backend=backend),
        arguments,
        backward,
    )


def ss2d_arguments(states: int, batch: int = BATCH) -> list[Tensor]:
    """Draw maps and parameters as VMamba starts with."""
    torch.manual_seed(0)
    return [
        torch.randn(batch, SIDE, SIDE, CHANNELS),
        torch.randn(ROUTES, RANK + 2 * states, CHANNELS) * CHANNELS**-0.5,
        torch.randn(ROUTES, CHANNELS, RANK) * RANK**-0.5,
        torch.randn(ROUTES, CHANNELS) * 0.5 - 4,
        -torch.arange(1.0, states + 1)
        .expand(ROUTES * CHANNELS, states)
        .clone(),
        torch.ones(ROUTES * CHANNELS),
    ]


def ss2d_comparison(states: int, backward: bool) -> Comparison:
    """Compare the fused scan with the composition of the authors."""
    return _compare(
        lambda *a: composed_ss2d(*a, by_index=not backward),
        ss2d,
        ss2d_arguments(states),
        backward,
    )


def model_comparison(
    arch: str,
    batch: int,
    backward: bool,
    scan: Callable | None = None,
    device: str = 'cpu',
) -> Comparison:
    """Compare a whole backbone with itself on another scan.

    Args:
        arch: Of :class:`VMamba`.
        batch: Images of 256x256.
        backward: With the backward pass.
        scan: In the place of :func:`multimodal_rs.ops.ss2d`; the loops of
            :func:`composed_ss2d` by default.
        device: Where it runs.
    """
    torch.manual_seed(0)
    model = VMamba(arch, drop_path_rate=0.0).to(device).train(backward)
    image = torch.randn(batch, 3, 256, 256, device=device)
    scan = scan or composition_by(loop_scan, by_index=not backward)

    def run():
        if not backward:
            with torch.no_grad():
                return model(image)
        loss = sum(level.sum() for level in model(image))
        return torch.autograd.grad(loss, list(model.parameters()))

    def baseline():
        with network_with(scan, model):
            return run()

    return Comparison(baseline, run)


def deletion_comparison(arch: str, batch: int, backward: bool) -> Comparison:
    """Compare a whole backbone with what is left of it without scans.

    The arguments are those of :func:`model_comparison`.
    """
    scan = composition_by(without_scan, by_index=False)
    sides = model_comparison(arch, batch, backward, scan)
    return sides._replace(turns=3)


def composition_by(scan: Callable, by_index: bool) -> Callable:
    """Make a function with the arguments of ``ss2d`` of a 1-D scan."""

    def composition(x, *parameters, routes):
        return composed_ss2d(x, *parameters, by_index, scan)

    return composition


def without_scan(u, delta, A, B, C, D, delta_bias, by_index) -> Tensor:
    """Use every argument of a scan, at next to no cost."""
    weights = (B.sum(dim=2) + C.sum(dim=2)).sum(dim=1, keepdim=True)
    scale = D * delta_bias * A.sum(dim=1)
    return u * delta * scale[:, None] + weights


def arithmetic_bound(states: int) -> float:
    """Lower bound of the forward pass of the fused scan, CPU seconds.

    State updates and softplus at the rates that microkernels reach in
    registers, and the projection by torch alone.
    """
    points = BATCH * ROUTES * CHANNELS * SIDE**2
    x, weight = ss2d_arguments(states)[:2]
    x, weight = x.flatten(0, 2), weight.flatten(0, 1)
    product = measure(lambda: x @ weight.T, 9).cpu
    return (
        points * states / state_updates_per_second()
        + points / softplus_per_second()
        + product
    )


def _compare(baseline, ours, arguments, backward) -> Comparison:
    if not backward:

        def run(function):
            with torch.no_grad():
                return function(*arguments)
    else:
        dy = torch.ones_like(arguments[0])
        for argument in arguments:
            argument.requires_grad_()

        def run(function):
            return torch.autograd.grad(function(*arguments), arguments, dy)

    return Comparison(lambda: run(baseline), lambda: run(ours))
