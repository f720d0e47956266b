"""The selective scan of Mamba, on any device."""

import torch
from torch import Tensor

from multimodal_rs.ops.backends.reference import selective_scan_ref
from multimodal_rs.ops.dispatch import check_name, use_reference
from multimodal_rs.ops.operators import scan_operator, wide

WHAT = 'selective_scan'


def selective_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None = None,
    delta_bias: Tensor | None = None,
    delta_softplus: bool = True,
    *,
    backend: str = 'auto',
) -> Tensor:
    """Scan sequences with input-dependent parameters.

    With ``delta = softplus(delta + delta_bias)``, for each channel d of
    group g(d), state h of length N and h_0 = 0

        h_t = exp(delta_t A_d) h_{t-1} + delta_t B_{g,t} u_t
        y_t = <C_{g,t}, h_t> + D_d u_t

    (Gu and Dao, "Mamba: Linear-Time Sequence Modeling with Selective State
    Spaces", 2023, sec. 3.2; shapes of mamba-ssm's ``selective_scan_fn``).
    Computed in float32, also for 16-bit arguments and under autocast.

    Args:
        u: (B, G * D, L), any float dtype, any strides.
        delta: (B, G * D, L).
        A: (G * D, N) float32, normally negative.
        B: (B, G, N, L), or (B, N, L) with a single group.
        C: As B.
        D: (G * D,) float32, weight of the skip; None leaves it out.
        delta_bias: (G * D,) float32, added to delta first.
        delta_softplus: Whether softplus is applied to delta.
        backend: Implementation, see
            :func:`multimodal_rs.ops.available_backends`. float64 arguments
            take the reference, which is differentiable any number of times.

    Returns:
        (B, G * D, L) float32 (float64 for float64).

    Raises:
        ValueError: If shapes do not fit or the backend is unknown.
        RuntimeError: If the named backend cannot run, with the reason.
    """
    check_name(backend, WHAT)
    if B.dim() == 3:
        B = B[:, None]
    if C.dim() == 3:
        C = C[:, None]
    _check_shapes(u, delta, A, B, C, D, delta_bias)
    dtype = wide(u)
    A = A.to(dtype)
    D, delta_bias = (
        None if x is None else x.to(dtype) for x in (D, delta_bias)
    )
    if use_reference(u, backend):
        return selective_scan_ref(
            *(u.to(dtype), delta.to(dtype), A, B.to(dtype), C.to(dtype)),
            *(D, delta_bias, delta_softplus),
        )
    tensors = (u, delta, A, B, C, D, delta_bias)
    keep = torch.is_grad_enabled() and any(
        x is not None and x.requires_grad for x in tensors
    )
    y, _ = scan_operator(*tensors, delta_softplus, backend, keep)
    return y


def _check_shapes(u, delta, A, B, C, D, delta_bias) -> None:
    if u.dim() != 3:
        raise ValueError(
            f'{WHAT}: u must be (B, channels, L), got {tuple(u.shape)}'
        )
    if B.dim() != 4:
        raise ValueError(
            f'{WHAT}: B must be (B, groups, N, L) or (B, N, L), got '
            f'{tuple(B.shape)}: parameters that do not depend on the input '
            'have to be expanded over B and L'
        )
    batch, channels, length = u.shape
    groups, states = B.shape[1], A.shape[-1]
    if 0 in u.shape or channels % groups:
        raise ValueError(
            f'{WHAT}: u {tuple(u.shape)} cannot be split into the {groups} '
            'groups of B: expected a multiple of them as channels, and not '
            'empty'
        )
    expected = dict(
        delta=(delta, (batch, channels, length)),
        A=(A, (channels, states)),
        B=(B, (batch, groups, states, length)),
        C=(C, (batch, groups, states, length)),
        D=(D, (channels,)),
        delta_bias=(delta_bias, (channels,)),
    )
    for name, (tensor, shape) in expected.items():
        if tensor is None:
            continue
        if tuple(tensor.shape) != shape:
            raise ValueError(
                f'{WHAT}: {name} must have shape {shape} to fit u '
                f'{tuple(u.shape)} and A {tuple(A.shape)}, got '
                f'{tuple(tensor.shape)}'
            )
        if tensor.device != u.device:
            raise ValueError(
                f'{WHAT}: {name} is on {tensor.device}, u on {u.device}: '
                'move all arguments to one device'
            )
