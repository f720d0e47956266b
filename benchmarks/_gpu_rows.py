"""Rows of ``benchmarks/ops.py --device cuda``: against published kernels.

The baseline is the authors' composition around the CUDA extension of VMamba
(or of mamba-ssm): all four sequences written out by kernels that torch.compile
makes of the crossing, projections by torch, one scan, merged. Shapes are the
first stage of VMamba-T at 256x256.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

import _scan_rows as scans
from _scan_baselines import (
    composed_ss2d,
    cross_merge,
    cross_scan,
    network_with,
)
from multimodal_rs.models.layers.ss2d_layer import SS2DLayer
from multimodal_rs.ops import available_backends, selective_scan, ss2d

Scan = Callable[..., Tensor]
KERNELS = ('vmamba', 'mamba_ssm')


class Case(NamedTuple):
    """What is compared, and on what.

    Attributes:
        states: State size N.
        batch: Images.
        dtype: Of the map; parameters are float32.
        device: Where.
    """

    states: int
    batch: int
    dtype: torch.dtype = torch.float32
    device: str = 'cuda'


CASES = {
    'G1a': Case(16, 16),
    'G1b': Case(16, 2),
    'G1c': Case(16, 16, torch.bfloat16),
    'G2a': Case(1, 16, torch.bfloat16),
    'G2b': Case(1, 2, torch.bfloat16),
    'G3a': Case(16, 16),
    'G3b': Case(16, 2),
    'G3c': Case(16, 16, torch.bfloat16),
    'G4a': Case(1, 16),
    'G4b': Case(1, 2),
    'G4c': Case(1, 16, torch.bfloat16),
    'G5': Case(16, 16),
    'G6': Case(16, 16, torch.bfloat16),
    'G7': Case(16, 16),
}


def published_kernel() -> str:
    """Name the backend that the baseline scans with.

    Raises:
        RuntimeError: If none is installed, with what to do.
    """
    reasons = available_backends()
    for name in KERNELS:
        if reasons[name] is None:
            return name
    raise RuntimeError(
        'there is nothing to compare with, expected one of the published '
        'CUDA extensions: '
        + '; '.join(f'{name}: {reasons[name]}' for name in KERNELS)
        + '. `--rows G5` needs none'
    )


def composition(backend: str, compiled: bool = True) -> Scan:
    """Make the authors' composition around a backend.

    Args:
        backend: Scans the sequences.
        compiled: Whether torch.compile fuses the crossing.

    Returns:
        A function with the arguments of :func:`multimodal_rs.ops.ss2d`.
    """
    crossing = (cross_scan, cross_merge)
    if compiled:
        crossing = tuple(torch.compile(f, dynamic=False) for f in crossing)

    def scan(*arguments, by_index):
        return selective_scan(*arguments, backend=backend)

    def baseline(x, *parameters, routes=None):
        return composed_ss2d(x, *parameters, False, scan, crossing)

    return baseline


def forward(case: Case, baseline: Scan) -> scans.Comparison:
    """Compare the fused scan with ``baseline``, without gradients."""
    arguments = _arguments(case)

    def run(function):
        with torch.no_grad():
            return function(*arguments)

    return scans.Comparison(lambda: run(baseline), lambda: run(ss2d))


def backward(case: Case, baseline: Scan) -> scans.Comparison:
    """Compare the backward passes alone."""
    arguments = [a.requires_grad_() for a in _arguments(case)]

    def prepare(function):
        y = function(*arguments)
        dy = torch.ones_like(y)
        return lambda: torch.autograd.grad(y, arguments, dy, retain_graph=True)

    return scans.Comparison(prepare(baseline), prepare(ss2d))


def training_step(case: Case, baseline: Scan) -> scans.Comparison:
    """Compare training steps of VMamba-T v0 under autocast."""
    comparison = scans.model_comparison(
        'tiny-v0', case.batch, True, device=case.device, scan=baseline
    )

    def run(side):
        with torch.autocast(case.device, case.dtype):
            return side()

    return scans.Comparison(
        lambda: run(comparison.baseline), lambda: run(comparison.ours)
    )


def layer_memory(case: Case, baseline: Scan) -> tuple[int, int]:
    """Return the bytes that one layer keeps for its backward pass.

    Returns:
        Of the baseline, and ours.
    """
    layer = SS2DLayer(scans.CHANNELS // 2, case.states).to(case.device)
    x = torch.randn(
        *(case.batch, scans.SIDE, scans.SIDE, scans.CHANNELS // 2),
        device=case.device,
        requires_grad=True,
    )

    def kept():
        layer(x)  # compiles
        before = torch.cuda.memory_allocated()
        y = layer(x)
        return torch.cuda.memory_allocated() - before - y.nbytes

    with network_with(baseline, layer):
        theirs = kept()
    return theirs, kept()


def bound(case: Case, bandwidth: float, exponentials: float) -> float:
    """Seconds that a fused forward pass needs at least.

    It reads the map and writes the result once, and reads it again for the
    projection, whose result is written and read; it takes an exponential for
    every state update, and for every step size an exponential and a
    logarithm.

    Args:
        case: What runs.
        bandwidth: Bytes per second.
        exponentials: Per second.
    """
    pixels = case.batch * scans.SIDE**2
    points = pixels * scans.CHANNELS
    projected = pixels * scans.ROUTES * (scans.RANK + 2 * case.states)
    size = case.dtype.itemsize
    traffic = points * (2 * size + 4) + projected * 2 * size
    updates = points * scans.ROUTES * case.states
    special = updates + 2 * points * scans.ROUTES
    return max(traffic / bandwidth, special / exponentials)


def _arguments(case: Case) -> list[Tensor]:
    x, *parameters = scans.ss2d_arguments(case.states, case.batch)
    moved = [p.to(case.device) for p in parameters]
    return [x.to(case.device, case.dtype), *moved]
