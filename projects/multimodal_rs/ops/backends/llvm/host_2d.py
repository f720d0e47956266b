"""The fused two-dimensional scan, from tensors to kernels."""

from collections.abc import Sequence

import torch
from torch import Tensor

from multimodal_rs.ops.backends.llvm import kernels_2d
from multimodal_rs.ops.backends.llvm.functions import LOG2_E
from multimodal_rs.ops.backends.llvm.jit import kernel_for, vector_width
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
    round_up,
    shares_for,
    unpack,
)
from multimodal_rs.ops.backends.llvm.threads import run
from multimodal_rs.ops.routes import Route, positions


def forward(x, x_weight, dt_weight, dt_bias, A, D, routes, keep):
    """See :class:`multimodal_rs.ops.backend.Backend`."""
    call = _Call(x, x_weight, dt_weight, dt_bias, A, D, routes)
    kept = call.maps.new_empty(saved(x, dt_weight, A))
    projected, states = kept[: call.size], kept[call.size :]
    call.project(projected)
    y = call.maps.new_empty(call.maps.shape[1:])
    table = arguments(
        **call.values,
        tasks=call.batch * call.blocks,
        projected=projected,
        y=y,
        states=states if keep else 0,
    )
    kernel = kernel_for('ss2d_forward', kernels_2d.write_forward, call.variant)
    run(kernel, table, table[0])
    y = y[..., : call.channels].reshape(x.shape[1:])
    return y, kept if keep else kept.new_empty(0)


def backward(dy, kept, x, x_weight, dt_weight, dt_bias, A, D, routes):
    """See :class:`multimodal_rs.ops.backend.Backend`."""
    call = _Call(x, x_weight, dt_weight, dt_bias, A, D, routes)
    padded, rank = call.variant.padded, call.rank
    shares = shares_for(call.batch, call.blocks)
    dy = pad_last(dy.flatten(1, 2), call.maps.shape[-1])
    dx = torch.zeros_like(call.maps)
    dprojected = dy.new_zeros(shares, call.size)
    own = (call.batch, len(routes), call.blocks)
    gradients = dict(
        dA=dy.new_zeros(*own, padded, BLOCK),
        ddt_weight=dy.new_zeros(*own, rank, BLOCK),
        dbias=dy.new_zeros(*own, 1, BLOCK),
        dskip=dy.new_zeros(*own, 1, BLOCK),
    )
    table = arguments(
        **call.values,
        tasks=call.batch * shares,
        shares=shares,
        projected=kept,
        projected_size=call.size,
        states=kept[call.size :],
        dy=dy,
        dx=dx,
        dprojected=dprojected,
        **gradients,
    )
    kernel = kernel_for(
        'ss2d_backward', kernels_2d.write_backward, call.variant
    )
    run(kernel, table, table[0])
    dprojected = dprojected.sum(0) if shares > 1 else dprojected[0]
    dx = dx[..., : call.channels]
    dx_weight = call.project_back(dprojected, dx)
    sizes = dict(dA=A.shape[1], ddt_weight=dt_weight.shape[2])
    dA, ddt_weight, dbias, dskip = (
        unpack(g.sum(0), call.channels, sizes.get(name, 1))
        for name, g in gradients.items()
    )
    return (
        dx.reshape(x.shape),
        dx_weight,
        ddt_weight,
        dbias[..., 0],
        dA.flatten(0, 1),
        dskip.flatten(),
    )


def saved(x: Tensor, dt_weight: Tensor, A: Tensor) -> int:
    """See :class:`multimodal_rs.ops.backend.Backend`."""
    _, batch, height, width, channels = x.shape
    number, _, rank = dt_weight.shape
    variant = variant_for(A.shape[1], True)
    chunks = -(-height * width // CHUNK)
    row = round_up(rank, vector_width()) + 2 * variant.padded
    blocks = blocks_of(channels)
    projected = batch * number * height * width * row
    states = batch * number * blocks * chunks * variant.padded * BLOCK
    return projected + states


class _Call:
    """Arguments of one call as the kernels want them.

    Attributes:
        maps: (S, B, L, channels padded) float32.
        size: Numbers of all projections together.
    """

    def __init__(
        self,
        x: Tensor,
        x_weight: Tensor,
        dt_weight: Tensor,
        dt_bias: Tensor,
        A: Tensor,
        D: Tensor,
        routes: Sequence[Route],
    ) -> None:
        self.sources, self.batch, *self.shape, self.channels = x.shape
        self.length = self.shape[0] * self.shape[1]
        self.blocks = blocks_of(self.channels)
        self.variant = variant_for(A.shape[1], True)
        self.states, self.routes = A.shape[1], routes
        self.raw_rank = dt_weight.shape[2]
        self.rank = round_up(self.raw_rank, vector_width())
        self.row = self.rank + 2 * self.variant.padded
        self.size = self.batch * len(routes) * self.length * self.row
        self.x = x.flatten(2, 3)
        self.maps = pad_last(self.x, self.blocks * BLOCK)
        self.weight = self._pad_rows(x_weight)
        self._plan()
        per_route = (len(routes), self.channels, -1)
        by_channel = torch.nn.functional.pad(
            dt_weight,
            (0, self.rank - self.raw_rank)
            + (0, self.blocks * BLOCK - self.channels),
        )
        self.parameters = dict(
            A=pack(A.view(per_route) * LOG2_E, self.variant.padded),
            dt_weight=pack(dt_weight, self.rank),
            dt_weight_by_channel=by_channel.contiguous(),
            bias=pack(dt_bias.view(per_route), 1),
            skip=pack(D.view(per_route), 1),
        )

    @property
    def values(self) -> dict:
        return dict(
            x=self.maps,
            routes=len(self.routes),
            blocks=self.blocks,
            length=self.length,
            chunks=-(-self.length // CHUNK),
            channels=self.blocks * BLOCK,
            rank=self.rank,
            positions=positions(tuple(self.routes), *self.shape),
            x_bases=self.x_bases,
            projected_bases=self.projected_bases,
            projected_strides=self.projected_strides,
            **self.parameters,
        )

    def project(self, target: Tensor) -> None:
        """Write x_proj of every pixel, one product per map."""
        for source, part in self._parts(target):
            x = self.x[source].flatten(0, 1)
            weight = self._weight_of(source).to(x.dtype)
            if x.dtype == torch.float32:
                torch.mm(x, weight.T, out=part)
            else:
                part.copy_(x @ weight.T)

    def project_back(self, dprojected: Tensor, dx: Tensor) -> Tensor:
        """Add the gradient through x_proj to dx; return that of its weight."""
        dweight = torch.zeros_like(self.weight)
        for source, part in self._parts(dprojected):
            dx[source] += (part @ self._weight_of(source)).view(dx.shape[1:])
            product = part.T @ self.x[source].flatten(0, 1).float()
            dweight[self._own(source)] = product.view(
                -1, self.row, self.channels
            )
        b, c = self.rank, self.rank + self.variant.padded
        return torch.cat(
            (
                dweight[:, : self.raw_rank],
                dweight[:, b : b + self.states],
                dweight[:, c : c + self.states],
            ),
            dim=1,
        )

    def _pad_rows(self, weight: Tensor) -> Tensor:
        """Rows of rank, B and C, each padded with zeros."""
        parts = weight.split((self.raw_rank, self.states, self.states), dim=1)
        sizes = (self.rank, self.variant.padded, self.variant.padded)
        return torch.cat(
            [
                torch.nn.functional.pad(p, (0, 0, 0, size - p.shape[1]))
                for p, size in zip(parts, sizes, strict=True)
            ],
            dim=1,
        )

    def _own(self, source: int) -> list[int]:
        return [k for k, r in enumerate(self.routes) if r.source == source]

    def _weight_of(self, source: int) -> Tensor:
        return self.weight[self._own(source)].flatten(0, 1)

    def _parts(self, projected: Tensor):
        """Split flat projections by map: (B * L, own routes * row) each."""
        start = 0
        for source in range(self.sources):
            width = len(self._own(source)) * self.row
            size = self.batch * self.length * width
            if width:
                yield (
                    source,
                    projected[start : start + size].view(-1, width),
                )
            start += size

    def _plan(self) -> None:
        """Say where in x and in the projections each route starts."""
        number = len(self.routes)
        self.x_bases, self.projected_bases, self.projected_strides = (
            torch.zeros(number, dtype=torch.int64) for _ in range(3)
        )
        start = 0
        pixels = self.batch * self.length
        for source in range(self.sources):
            own = self._own(source)
            for position, k in enumerate(own):
                self.x_bases[k] = source * pixels * self.blocks * BLOCK
                self.projected_bases[k] = start + position * self.row
                self.projected_strides[k] = len(own) * self.row
            start += pixels * len(own) * self.row
