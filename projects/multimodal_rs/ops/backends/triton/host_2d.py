"""The two-dimensional scan: all routes of one map in one launch.

Both projections are matrix products outside of the kernels. That of the step
sizes inside them would save writing and reading delta, but take up to 48
registers per channel from the states, and in the backward pass as many sums
over channels as the rank, next to the 2 N of B and C. The products have the
precision that torch's switches for float32 products (TF32) allow.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from multimodal_rs.ops.backends.triton.scan import (
    Gradients,
    Scan,
    copies,
    number_saved,
    run_backward,
    run_forward,
)
from multimodal_rs.ops.routes import Route


class _Parameters(NamedTuple):
    """Parameters of some routes K, see :func:`multimodal_rs.ops.ss2d`."""

    x_weight: Tensor
    dt_weight: Tensor
    dt_bias: Tensor
    A: Tensor
    D: Tensor

    def rows(self) -> Tensor:
        """Weights (K, rows, D) of B, C and the step sizes, in this order.

        With several states, zeros are added up to 16 rows, so that the
        kernels read the B and C of a pixel in whole vectors.
        """
        rank, states = self.dt_weight.shape[2], self.A.shape[1]
        low_rank, bc = self.x_weight.split((rank, 2 * states), dim=1)
        padding = -(rank + 2 * states) % 16 if states > 2 else 0
        rows = torch.cat((bc, low_rank), dim=1)
        return torch.nn.functional.pad(rows, (0, 0, 0, padding))

    def of(self, own: Sequence[int], number: int) -> '_Parameters':
        """Those of the routes ``own`` out of ``number``."""
        if len(own) == number:
            return self
        # Slices, not an index tensor: that would be a copy to the device.
        parts = (p.unflatten(0, (number, -1)) for p in self)
        return _Parameters(
            *(torch.stack([p[k] for k in own]).flatten(0, 1) for p in parts)
        )


def forward(x, x_weight, dt_weight, dt_bias, A, D, routes, keep):
    """See :class:`multimodal_rs.ops.backend.Backend`."""
    parameters = _Parameters(x_weight, dt_weight, dt_bias, A, D)
    y = x.new_zeros(x.shape[1:], dtype=A.dtype)
    kept = A.new_empty(saved(x, dt_weight, A) if keep else 0)
    start = 0
    for own in _launches(routes):
        part = parameters.of(own, len(routes))
        scan, _ = _scan(x[routes[own[0]].source], part, routes, own)
        size = saved(x, part.dt_weight, part.A)
        run_forward(scan, y, kept[start : start + size] if keep else None)
        start += size
    return y, kept


def backward(dy, kept, x, x_weight, dt_weight, dt_bias, A, D, routes):
    """See :class:`multimodal_rs.ops.backend.Backend`."""
    parameters = _Parameters(x_weight, dt_weight, dt_bias, A, D)
    number, dy = len(routes), dy.contiguous()
    dx = x.new_zeros(x.shape, dtype=A.dtype)
    gradients = [
        torch.empty_like(p.unflatten(0, (number, -1))) for p in parameters
    ]
    start = 0
    for own in _launches(routes):
        part = parameters.of(own, number)
        source = routes[own[0]].source
        size = saved(x, part.dt_weight, part.A)
        found = _backward_launch(
            dy,
            kept[start : start + size],
            x[source],
            part,
            routes,
            own,
            dx[source],
        )
        start += size
        for target, gradient in zip(gradients, found, strict=True):
            parts = gradient.unflatten(0, (len(own), -1))
            for k, part_gradient in zip(own, parts, strict=True):
                target[k] = part_gradient
    return dx, *(g.flatten(0, 1) for g in gradients)


def saved(x: Tensor, dt_weight: Tensor, A: Tensor) -> int:
    """See :class:`multimodal_rs.ops.backend.Backend`."""
    return number_saved(x.shape[1], x.shape[2] * x.shape[3], A)


def _launches(routes: Sequence[Route]) -> list[tuple[int, ...]]:
    """Group the routes: by map, or alone where the order of sums matters."""
    if torch.are_deterministic_algorithms_enabled():
        return [(k,) for k in range(len(routes))]
    sources = dict.fromkeys(route.source for route in routes)
    return [
        tuple(k for k, r in enumerate(routes) if r.source == source)
        for source in sources
    ]


def _scan(
    x: Tensor,
    parameters: _Parameters,
    routes: Sequence[Route],
    own: Sequence[int],
) -> tuple[Scan, Tensor]:
    """Project one map for the routes ``own``.

    Args:
        x: (B, H, W, D).
        parameters: Of the routes ``own``.
        routes: All of them.
        own: Routes on this map.

    Returns:
        The sequences, and the low-rank step sizes (K, B * H * W, R).
    """
    x = x.contiguous()
    batch, height, width, channels = x.shape
    number, _, rank = parameters.dt_weight.shape
    states = parameters.A.shape[1]
    weight = parameters.rows()
    row = weight.shape[1]
    projected = x.view(-1, channels) @ weight.flatten(0, 1).to(x.dtype).T
    projected = projected.view(-1, number, row)
    low_rank = projected[..., 2 * states :][..., :rank].transpose(0, 1)
    delta = torch.bmm(low_rank, parameters.dt_weight.to(x.dtype).mT)
    strides = dict(
        u_source=0,
        u_row=channels,
        y_source=0,
        y_row=channels,
        d_source=delta.stride(0),
        d_row=channels,
        bc_source=row,
        bc_row=number * row,
    )
    scan = Scan(
        u=x,
        delta=delta,
        B=projected,
        C=projected[..., states:],
        A=parameters.A.unflatten(0, (number, -1)).mT.contiguous(),
        D=parameters.D.contiguous(),
        bias=parameters.dt_bias.contiguous(),
        softplus=True,
        shape=(batch, height, width, number),
        routes=_table(tuple(routes[k] for k in own), x.device),
        strides=strides,
        shared=True,
    )
    return scan, low_rank


def _backward_launch(
    dy: Tensor,
    kept: Tensor,
    x: Tensor,
    parameters: _Parameters,
    routes: Sequence[Route],
    own: Sequence[int],
    dx: Tensor,
) -> tuple[Tensor, ...]:
    """Add to dx, and return the gradients of the parameters.

    Args:
        dy: (B, H, W, D).
        kept: States of these routes.
        x: (B, H, W, D).
        parameters: Of these routes.
        routes: All of them.
        own: Routes on this map.
        dx: As x, float32, contiguous.
    """
    scan, low_rank = _scan(x, parameters, routes, own)
    number, channels, rank = parameters.dt_weight.shape
    states = parameters.A.shape[1]
    rows = parameters.rows()
    of_rank = slice(2 * states, 2 * states + rank)
    own_copies = copies(channels, states)
    dprojected = dx.new_zeros(own_copies, low_rank.shape[1], *rows.shape[:2])
    ddelta = torch.empty_like(scan.delta, dtype=dx.dtype)
    dA, dD, dbias = run_backward(
        scan,
        dy,
        kept,
        Gradients(dx, ddelta, dprojected, dprojected[..., states:]),
    )
    dprojected = dprojected.sum(0) if own_copies > 1 else dprojected[0]
    low_rank = low_rank.to(dx.dtype)
    ddt_weight = torch.bmm(ddelta.mT, low_rank)
    dlow_rank = torch.bmm(ddelta, parameters.dt_weight)
    dprojected[..., of_rank] = dlow_rank.transpose(0, 1)
    flat = dprojected.flatten(1)
    dx.view(-1, channels).addmm_(flat, rows.flatten(0, 1))
    wide_x = x.reshape(-1, channels).to(dx.dtype)
    drows = (flat.T @ wide_x).view(rows.shape)
    dx_weight = torch.cat((drows[:, of_rank], drows[:, : 2 * states]), dim=1)
    return dx_weight, ddt_weight, dbias, dA, dD


@lru_cache(maxsize=64)
def _table(routes: tuple[Route, ...], device: torch.device) -> Tensor:
    """(K, 2) int32: transposed, reversed."""
    numbers = [[int(r.transposed), int(r.reversed)] for r in routes]
    return torch.tensor(numbers, dtype=torch.int32, device=device)
