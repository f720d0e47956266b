"""Baselines that the scans are measured against: loops in plain torch.

Written here from the published formula, with the materialisation of the
public implementations: decays, drives and repeated B and C of the whole
sequence are built first, (B, G * D, L, N) each.
"""

from collections.abc import Callable, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.models.layers.selective_scan_2d import SelectiveScan2d
from multimodal_rs.ops import CROSS4, Route, ss2d


def loop_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor,
    delta_bias: Tensor,
    by_index: bool,
) -> Tensor:
    """Scan with everything materialised.

    Args:
        u: (B, G * D, L); it and the rest as in
            :func:`multimodal_rs.ops.selective_scan`.
        by_index: Take time steps by indexing, as the public fallback does:
            the backward pass then fills a full-size zero tensor per step and
            its cost grows with L squared. False takes them with ``unbind``.

    Returns:
        (B, G * D, L).
    """
    delta = functional.softplus(delta + delta_bias[:, None])
    repeats = u.shape[1] // B.shape[1]
    decay = torch.exp(torch.einsum('bdl,dn->bdln', delta, A))
    b = B.repeat_interleave(repeats, dim=1)
    drive = torch.einsum('bdl,bdnl,bdl->bdln', delta, b, u)
    c = C.repeat_interleave(repeats, dim=1)
    state = u.new_zeros(*u.shape[:2], A.shape[1])
    outputs = []
    if by_index:
        for t in range(u.shape[2]):
            state = decay[:, :, t] * state + drive[:, :, t]
            outputs.append(torch.einsum('bdn,bdn->bd', state, c[..., t]))
    else:
        steps = zip(decay.unbind(2), drive.unbind(2), c.unbind(3), strict=True)
        for decay_t, drive_t, c_t in steps:
            state = decay_t * state + drive_t
            outputs.append(torch.einsum('bdn,bdn->bd', state, c_t))
    return torch.stack(outputs, dim=2) + u * D[:, None]


def cross_scan(x: Tensor) -> Tensor:
    """Write out the sequences of four directions.

    Args:
        x: (B, H, W, D).

    Returns:
        (B, 4, D, H * W): along rows, along columns, and both reversed.
    """
    rows = x.permute(0, 3, 1, 2)
    pair = torch.stack(
        (rows.flatten(2), rows.transpose(2, 3).flatten(2)), dim=1
    )
    return torch.cat((pair, pair.flip(-1)), dim=1)


def cross_merge(y: Tensor, height: int, width: int) -> Tensor:
    """Add up what was scanned in four directions.

    Args:
        y: (B, 4, D, H * W).
        height: Rows H.
        width: Columns W.

    Returns:
        (B, H, W, D).
    """
    y = y[:, :2] + y[:, 2:].flip(-1)
    columns = y[:, 1].unflatten(2, (width, height)).transpose(2, 3)
    merged = y[:, 0].unflatten(2, (height, width)) + columns
    return merged.permute(0, 2, 3, 1).contiguous()


def composed_ss2d(
    x: Tensor,
    x_proj_weight: Tensor,
    dt_proj_weight: Tensor,
    dt_proj_bias: Tensor,
    A: Tensor,
    D: Tensor,
    by_index: bool,
    scan: Callable[..., Tensor] = loop_scan,
    crossing: tuple[Callable, Callable] = (cross_scan, cross_merge),
) -> Tensor:
    """Scan a map in four directions, all sequences written out.

    Args:
        x: (B, H, W, D); it and the rest as in
            :func:`multimodal_rs.ops.ss2d`. Projections are in its dtype.
        by_index: See :func:`loop_scan`.
        scan: In the place of :func:`loop_scan`.
        crossing: In the place of :func:`cross_scan` and
            :func:`cross_merge`.

    Returns:
        (B, H, W, D).
    """
    _, height, width, channels = x.shape
    rank, states = dt_proj_weight.shape[2], A.shape[1]
    x_proj_weight, dt_proj_weight = (
        w.to(x.dtype) for w in (x_proj_weight, dt_proj_weight)
    )
    sequences = crossing[0](x)
    projected = torch.einsum('bkdl,kcd->bkcl', sequences, x_proj_weight)
    low_rank, b, c = projected.split((rank, states, states), dim=2)
    delta = torch.einsum('bkrl,kdr->bkdl', low_rank, dt_proj_weight)
    y = scan(
        *(sequences.flatten(1, 2), delta.flatten(1, 2), A, b, c, D),
        dt_proj_bias.flatten(),
        by_index=by_index,
    )
    return crossing[1](y.unflatten(1, (-1, channels)), height, width)


@contextmanager
def network_with(operator: Callable[..., Tensor], network: nn.Module):
    """Let a network scan its maps by another function.

    Args:
        operator: With the arguments of :func:`multimodal_rs.ops.ss2d`.
        network: All its layers scan by it, until the context ends.
    """
    layers = [m for m in network.modules() if isinstance(m, SelectiveScan2d)]
    for layer in layers:
        layer.operator = operator
    try:
        yield
    finally:
        for layer in layers:
            layer.operator = ss2d


def loops_ss2d(
    x: Tensor, *parameters: Tensor, routes: Sequence[Route]
) -> Tensor:
    """Scan by :func:`composed_ss2d`, with the arguments of ``ss2d``.

    Raises:
        ValueError: If several maps are scanned at once.
    """
    if routes != CROSS4:
        raise ValueError(
            f'{len(routes)} routes instead of the four directions of one '
            'map: there is no loop to compare this network with'
        )
    return composed_ss2d(x, *parameters, by_index=False)
