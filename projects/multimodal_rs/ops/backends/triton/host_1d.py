"""The one-dimensional scan: a group is a sequence, a row of L pixels."""

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


def forward(u, delta, A, B, C, D, delta_bias, softplus, keep):
    """See :class:`multimodal_rs.ops.backend.Backend`."""
    scan = _scan(u, delta, A, B, C, D, delta_bias, softplus)
    y = torch.empty_like(scan.u, dtype=torch.float32)
    kept = A.new_empty(saved(u, A, B) if keep else 0)
    run_forward(scan, y, kept if keep else None)
    return y.transpose(1, 2).contiguous(), kept


def backward(dy, kept, u, delta, A, B, C, D, delta_bias, softplus):
    """See :class:`multimodal_rs.ops.backend.Backend`."""
    scan = _scan(u, delta, A, B, C, D, delta_bias, softplus)
    own = copies(u.shape[1] // B.shape[1], A.shape[1])
    du, ddelta = (torch.empty_like(x, dtype=A.dtype) for x in scan[:2])
    dB, dC = A.new_zeros(2, own, *scan.B.shape)
    found = Gradients(du, ddelta, dB, dC)
    dy = dy.transpose(1, 2).contiguous()
    dA, dD, dbias = run_backward(scan, dy, kept, found)
    return (
        du.transpose(1, 2),
        ddelta.transpose(1, 2),
        dA,
        dB.sum(dim=0).permute(0, 2, 3, 1),
        dC.sum(dim=0).permute(0, 2, 3, 1),
        dD,
        dbias,
    )


def saved(u: Tensor, A: Tensor, B: Tensor) -> int:
    """See :class:`multimodal_rs.ops.backend.Backend`."""
    return number_saved(u.shape[0], u.shape[2], A)


def _scan(u, delta, A, B, C, D, bias, softplus) -> Scan:
    """Put time before channels: a step then reads neighbouring numbers."""
    batch, channels, length = u.shape
    groups, states = B.shape[1:3]
    u, delta = (x.transpose(1, 2).contiguous() for x in (u, delta))
    B, C = (x.permute(0, 3, 1, 2).contiguous() for x in (B, C))
    own = channels // groups
    strides = dict(
        u_source=own,
        u_row=channels,
        y_source=own,
        y_row=channels,
        d_source=own,
        d_row=channels,
        bc_source=states,
        bc_row=groups * states,
    )
    return Scan(
        u=u,
        delta=delta,
        B=B,
        C=C,
        A=A.unflatten(0, (groups, -1)).mT.contiguous(),
        D=None if D is None else D.contiguous(),
        bias=None if bias is None else bias.contiguous(),
        softplus=softplus,
        shape=(batch, 1, length, groups),
        routes=torch.zeros(groups, 2, dtype=torch.int32, device=u.device),
        strides=strides,
        shared=False,
    )
