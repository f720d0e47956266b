"""The one-dimensional scan, from tensors to kernels."""

import torch
from torch import Tensor

from multimodal_rs.ops.backends.llvm import kernels_1d
from multimodal_rs.ops.backends.llvm.functions import LOG2_E
from multimodal_rs.ops.backends.llvm.jit import kernel_for
from multimodal_rs.ops.backends.llvm.layout import (
    BLOCK,
    CHUNK,
    variant_for,
)
from multimodal_rs.ops.backends.llvm.packing import (
    arguments,
    blocks_of,
    pack,
    pad_last,
    shares_for,
    unpack,
)
from multimodal_rs.ops.backends.llvm.threads import run


def forward(u, delta, A, B, C, D, delta_bias, softplus, keep):
    """See :class:`multimodal_rs.ops.backend.Backend`."""
    call = _Call(u, delta, A, B, C, D, delta_bias, softplus)
    y = torch.empty_like(call.u)
    states = y.new_empty(call.saved if keep else 0)
    table = arguments(
        **call.values,
        tasks=call.batch * call.groups * call.blocks,
        y=y,
        states=states,
    )
    kernel = kernel_for(
        'selective_scan_forward', kernels_1d.write_forward, call.variant
    )
    run(kernel, table, table[0])
    return call.narrow(y), states


def backward(dy, saved, u, delta, A, B, C, D, delta_bias, softplus):
    """See :class:`multimodal_rs.ops.backend.Backend`."""
    call = _Call(u, delta, A, B, C, D, delta_bias, softplus)
    batch, groups, blocks = call.batch, call.groups, call.blocks
    shares = shares_for(batch * groups, blocks)
    dy = call.widen(dy)
    du, ddelta = torch.empty_like(dy), torch.empty_like(dy)
    shared = (shares, *call.b.shape)
    own = (batch, groups, blocks)
    db, dc = dy.new_zeros(shared), dy.new_zeros(shared)
    dA = dy.new_zeros(*own, call.variant.padded, BLOCK)
    dbias, dskip = dy.new_zeros(*own, BLOCK), dy.new_zeros(*own, BLOCK)
    table = arguments(
        **call.values,
        tasks=batch * groups * shares,
        shares=shares,
        states=saved,
        dy=dy,
        dx=du,
        ddelta=ddelta,
        db=db,
        dc=dc,
        dA=dA,
        dbias=dbias,
        dskip=dskip,
    )
    kernel = kernel_for(
        'selective_scan_backward', kernels_1d.write_backward, call.variant
    )
    run(kernel, table, table[0])
    dbias, dskip = (
        g.sum(0).view(groups, -1)[:, : call.channels].flatten()
        for g in (dbias, dskip)
    )
    db, dc = (g.sum(0)[..., : A.shape[1]].transpose(2, 3) for g in (db, dc))
    return (
        call.narrow(du),
        call.narrow(ddelta),
        unpack(dA.sum(0), call.channels, A.shape[1]).flatten(0, 1),
        db,
        dc,
        None if D is None else dskip,
        None if delta_bias is None else dbias,
    )


def saved(u: Tensor, A: Tensor, B: Tensor) -> int:
    """See :class:`multimodal_rs.ops.backend.Backend`."""
    batch, channels, length = u.shape
    groups = B.shape[1]
    variant = variant_for(A.shape[1], True)
    chunks = -(-length // CHUNK)
    blocks = blocks_of(channels // groups)
    return batch * groups * blocks * chunks * variant.padded * BLOCK


class _Call:
    """Arguments of one call as the kernels want them."""

    def __init__(self, u, delta, A, B, C, D, delta_bias, softplus) -> None:
        self.batch, channels, self.length = u.shape
        self.groups = B.shape[1]
        self.channels = channels // self.groups
        self.blocks = blocks_of(self.channels)
        self.variant = variant_for(A.shape[1], softplus)
        self.saved = saved(u, A, B)
        self.u, self.delta = self.widen(u), self.widen(delta)
        padded = self.variant.padded
        self.b, self.c = (pad_last(x.transpose(2, 3), padded) for x in (B, C))
        per_group = (self.groups, self.channels, -1)
        self.parameters = dict(A=pack(A.view(per_group) * LOG2_E, padded))
        for name, value in (('bias', delta_bias), ('skip', D)):
            if value is None:
                value = A.new_zeros(channels)
            self.parameters[name] = pack(value.view(per_group), 1)

    @property
    def values(self) -> dict:
        return dict(
            x=self.u,
            delta=self.delta,
            b=self.b,
            c=self.c,
            blocks=self.blocks,
            groups=self.groups,
            length=self.length,
            chunks=-(-self.length // CHUNK),
            **self.parameters,
        )

    def widen(self, x: Tensor) -> Tensor:
        """Pad every group's channels, (B, G * D, L) -> (B, G, D', L)."""
        x = x.float().reshape(self.batch, self.groups, -1, self.length)
        missing = self.blocks * BLOCK - self.channels
        if missing:
            x = torch.nn.functional.pad(x, (0, 0, 0, missing))
        return x.contiguous()

    def narrow(self, x: Tensor) -> Tensor:
        """Undo :meth:`widen`."""
        return x[:, :, : self.channels].flatten(1, 2).contiguous()
