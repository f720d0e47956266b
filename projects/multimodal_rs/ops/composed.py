"""The two-dimensional scan, composed from one-dimensional ones.

The definition of the operator, and what backends without a fused kernel run:
one route after the other, so that memory does not grow with their number.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from multimodal_rs.ops.routes import Route, positions


def ss2d_composed(
    x: Tensor,
    x_proj_weight: Tensor,
    dt_proj_weight: Tensor,
    dt_proj_bias: Tensor,
    A: Tensor,
    D: Tensor,
    routes: Sequence[Route],
    scan: Callable[..., Tensor],
) -> Tensor:
    """Compose the two-dimensional scan from gathers and 1-D scans.

    With ``scan=selective_scan_ref`` the definition of
    :func:`multimodal_rs.ops.ss2d`.

    Args:
        x: (S, B, H, W, D_inner).
        x_proj_weight: (K, R + 2 N, D_inner).
        dt_proj_weight: (K, D_inner, R).
        dt_proj_bias: (K, D_inner).
        A: (K * D_inner, N).
        D: (K * D_inner,).
        routes: K routes.
        scan: 1-D scan with the arguments of :func:`selective_scan_ref`.

    Returns:
        (B, H, W, D_inner).
    """
    _, batch, height, width, channels = x.shape
    parameters = (x_proj_weight, dt_proj_weight, dt_proj_bias, A, D)
    maps = x.flatten(2, 3)  # (S, B, L, D)
    places = positions(tuple(routes), height, width).to(x.device)
    total = None
    for k, route in enumerate(routes):
        order = places[k]
        u = maps[route.source].index_select(1, order)  # (B, L, D)
        arguments, _ = _arguments_of_scan(u, k, *parameters)
        y = scan(*arguments).transpose(1, 2)
        part = torch.zeros_like(y).index_copy(1, order, y)
        total = part if total is None else total + part
    return total.view(batch, height, width, channels)


def ss2d_composed_backward(
    forward: Callable,
    backward: Callable,
    dy: Tensor,
    x: Tensor,
    x_proj_weight: Tensor,
    dt_proj_weight: Tensor,
    dt_proj_bias: Tensor,
    A: Tensor,
    D: Tensor,
    routes: Sequence[Route],
) -> tuple[Tensor, ...]:
    """Differentiate :func:`ss2d_composed`; every route is run again.

    Args:
        forward: ``selective_scan_forward`` of a backend.
        backward: Its ``selective_scan_backward``.
        dy: (B, H, W, D).
        x: (S, B, H, W, D); it and the rest as in :func:`ss2d_composed`.

    Returns:
        Gradients of x and the five parameters.
    """
    height, width = x.shape[2:4]
    parameters = (x_proj_weight, dt_proj_weight, dt_proj_bias, A, D)
    maps, dy = x.flatten(2, 3), dy.flatten(1, 2)
    places = positions(tuple(routes), height, width).to(x.device)
    dx = torch.zeros(maps.shape, dtype=A.dtype, device=x.device)
    gradients = []
    for k, route in enumerate(routes):
        order = places[k]
        u = maps[route.source].index_select(1, order)  # (B, L, D)
        inputs, low_rank = _arguments_of_scan(u, k, *parameters)
        _, kept = forward(*inputs, True)
        du, ddelta, dA, db, dc, dD, dbias = backward(
            dy.index_select(1, order).transpose(1, 2), kept, *inputs
        )
        ddelta, du = (g.transpose(1, 2).to(A.dtype) for g in (ddelta, du))
        db, dc = (g[:, 0].transpose(1, 2).to(A.dtype) for g in (db, dc))
        dprojected = torch.cat(
            (ddelta @ dt_proj_weight[k], db, dc), dim=2
        )  # (B, L, R + 2 N)
        wide_u, wide_low = u.to(A.dtype), low_rank.to(A.dtype)
        dx[route.source].index_add_(
            1, order, du + dprojected @ x_proj_weight[k]
        )
        gradients.append(
            (
                torch.einsum('blp,bld->pd', dprojected, wide_u),
                torch.einsum('bld,blr->dr', ddelta, wide_low),
                *(dbias, dA, dD),
            )
        )
    stacked = [torch.stack(g) for g in zip(*gradients, strict=True)]
    *weights, dA, dD = stacked
    return dx.view(x.shape), *weights, dA.flatten(0, 1), dD.flatten()


def _arguments_of_scan(
    u: Tensor,
    k: int,
    x_proj_weight: Tensor,
    dt_proj_weight: Tensor,
    dt_proj_bias: Tensor,
    A: Tensor,
    D: Tensor,
) -> tuple[tuple, Tensor]:
    """Project the sequence of one route.

    Args:
        u: (B, L, D_inner).
        k: Number of the route; the rest as in :func:`ss2d_composed`.

    Returns:
        The arguments of the 1-D scan, and what the step sizes are made of,
        (B, L, R).
    """
    channels, rank = dt_proj_weight.shape[1:]
    states = A.shape[1]
    weight, dt_weight = (
        w[k].to(u.dtype) for w in (x_proj_weight, dt_proj_weight)
    )
    low_rank, b, c = (u @ weight.T).split((rank, states, states), dim=2)
    own = slice(k * channels, (k + 1) * channels)
    arguments = (
        u.transpose(1, 2),
        (low_rank @ dt_weight.T).transpose(1, 2),
        A[own],
        b.transpose(1, 2)[:, None],
        c.transpose(1, 2)[:, None],
        D[own],
        dt_proj_bias[k],
        True,
    )
    return arguments, low_rank
