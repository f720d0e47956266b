"""The two-dimensional selective scan of VMamba, fused."""

from collections.abc import Sequence

import torch
from torch import Tensor

from multimodal_rs.ops.backends.reference import selective_scan_ref
from multimodal_rs.ops.composed import ss2d_composed
from multimodal_rs.ops.dispatch import check_name, use_reference
from multimodal_rs.ops.operators import flatten, ss2d_operator, wide
from multimodal_rs.ops.routes import CROSS4, Route, check_routes

WHAT = 'ss2d'


def ss2d(
    x: Tensor,
    x_proj_weight: Tensor,
    dt_proj_weight: Tensor,
    dt_proj_bias: Tensor,
    A: Tensor,
    D: Tensor,
    *,
    routes: Sequence[Route] = CROSS4,
    backend: str = 'auto',
) -> Tensor:
    """Scan maps along several routes and add the results up.

    For each route k, the sequence u of pixels of map ``routes[k].source``:

        (r, B, C) = x_proj_weight_k u,   delta = dt_proj_weight_k r
        y_k = selective_scan(u, delta, A_k, B, C, D_k, dt_proj_bias_k)

    and y is the sum of all y_k, put back where their pixels are (Liu et al.,
    "VMamba: Visual State Space Model", 2024, sec. 4.2). Parameter layouts
    are VMamba's. Computed in float32, also for 16-bit x and under autocast,
    except for the projection of a 16-bit x, which runs in its dtype.

    Args:
        x: (B, H, W, D_inner), or (S, B, H, W, D_inner) for S maps, channels
            last, any float dtype.
        x_proj_weight: (K, R + 2 N, D_inner).
        dt_proj_weight: (K, D_inner, R).
        dt_proj_bias: (K, D_inner).
        A: (K * D_inner, N), normally negative; k is slowest.
        D: (K * D_inner,).
        routes: K routes, or triples like them; :data:`CROSS4` are VMamba's
            four directions of one map, :func:`cross_routes` makes those of
            several.
        backend: Implementation, see
            :func:`multimodal_rs.ops.available_backends`.

    Returns:
        (B, H, W, D_inner) float32 (float64 for float64).

    Raises:
        ValueError: If shapes or routes do not fit, the backend is unknown.
        RuntimeError: If the named backend cannot run, with the reason.
    """
    check_name(backend, WHAT)
    if x.dim() == 4:
        x = x[None]
    parameters = (x_proj_weight, dt_proj_weight, dt_proj_bias, A, D)
    _check_shapes(x, *parameters, routes)
    routes = tuple(Route(*route) for route in routes)
    dtype = wide(x)
    parameters = tuple(p.to(dtype) for p in parameters)
    keep = torch.is_grad_enabled() and any(
        t.requires_grad for t in (x, *parameters)
    )
    with torch.autocast(x.device.type, enabled=False):
        if use_reference(x, backend):
            return ss2d_composed(
                x.to(dtype), *parameters, routes, selective_scan_ref
            )
        y, _ = ss2d_operator(x, *parameters, flatten(routes), backend, keep)
    return y


def _check_shapes(
    x, x_proj_weight, dt_proj_weight, dt_proj_bias, A, D, routes
) -> None:
    if x.dim() != 5 or 0 in x.shape:
        raise ValueError(
            f'{WHAT}: x must be (B, H, W, D) or (S, B, H, W, D), channels '
            f'last and not empty, got {tuple(x.shape)}'
        )
    check_routes(routes, x.shape[0])
    number, channels, states = len(routes), x.shape[-1], A.shape[-1]
    rank = dt_proj_weight.shape[-1]
    expected = dict(
        x_proj_weight=(x_proj_weight, (number, rank + 2 * states, channels)),
        dt_proj_weight=(dt_proj_weight, (number, channels, rank)),
        dt_proj_bias=(dt_proj_bias, (number, channels)),
        A=(A, (number * channels, states)),
        D=(D, (number * channels,)),
    )
    for name, (tensor, shape) in expected.items():
        if tuple(tensor.shape) != shape:
            raise ValueError(
                f'{WHAT}: {name} must have shape {shape} for x '
                f'{tuple(x.shape)}, {number} routes, rank {rank} and '
                f'{states} states, got {tuple(tensor.shape)}'
            )
        if tensor.device != x.device:
            raise ValueError(
                f'{WHAT}: {name} is on {tensor.device}, x on {x.device}: '
                'move all arguments to one device'
            )
