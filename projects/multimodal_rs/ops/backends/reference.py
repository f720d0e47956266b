"""The definition of the operators: a plain loop over time."""

import torch
from torch import Tensor
from torch.nn import functional

from multimodal_rs.ops.backend import Backend


class Reference(Backend):
    """The loop, and the adjoint recurrence written by hand."""

    def selective_scan_forward(
        self, u, delta, A, B, C, D, delta_bias, softplus, keep
    ):
        """Return y, and nothing for the backward pass."""
        u, delta, B, C = (x.to(A.dtype) for x in (u, delta, B, C))
        y = selective_scan_ref(u, delta, A, B, C, D, delta_bias, softplus)
        return y, A.new_empty(0)

    def selective_scan_backward(
        self, dy, saved, u, delta, A, B, C, D, delta_bias, softplus
    ):
        """Run the adjoint recurrence, one step after the other.

        With g_t = C_t dy_t + exp(delta_{t+1} A) g_{t+1}, the gradient of the
        state h_t.
        """
        u, delta, B, C = (x.to(A.dtype) for x in (u, delta, B, C))
        batch, channels, length = u.shape
        groups = B.shape[1]
        raw = delta if delta_bias is None else delta + delta_bias[:, None]
        step = functional.softplus(raw) if softplus else raw
        b, c = (x.repeat_interleave(channels // groups, dim=1) for x in (B, C))
        states = [u.new_zeros(batch, channels, A.shape[1])]
        for t in range(length):
            decay = torch.exp(step[..., t, None] * A)
            drive = (step[..., t] * u[..., t])[..., None] * b[..., t]
            states.append(decay * states[-1] + drive)
        du, dstep = torch.empty_like(u), torch.empty_like(step)
        db, dc = torch.empty_like(b), torch.empty_like(c)
        dA = torch.zeros_like(A)
        g = torch.zeros_like(states[0])
        for t in reversed(range(length)):
            g = g + dy[..., t, None] * c[..., t]
            dc[..., t] = dy[..., t, None] * states[t + 1]
            db[..., t] = g * (step[..., t] * u[..., t])[..., None]
            toward_input = (g * b[..., t]).sum(dim=-1)
            g = g * torch.exp(step[..., t, None] * A)
            along_decay = g * states[t]
            dA += (along_decay * step[..., t, None]).sum(dim=0)
            du[..., t] = step[..., t] * toward_input
            dstep[..., t] = u[..., t] * toward_input + (along_decay * A).sum(
                -1
            )
        if softplus:
            dstep = dstep * torch.sigmoid(raw)
        dD = None if D is None else (dy * u).sum(dim=(0, 2))
        if D is not None:
            du = du + dy * D[:, None]
        dbias = None if delta_bias is None else dstep.sum(dim=(0, 2))
        db, dc = (x.unflatten(1, (groups, -1)).sum(dim=2) for x in (db, dc))
        return du, dstep, dA, db, dc, dD, dbias


def selective_scan_ref(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None = None,
    delta_bias: Tensor | None = None,
    delta_softplus: bool = True,
) -> Tensor:
    """Scan along the last dimension, one step after the other.

    Gu and Dao, "Mamba: Linear-Time Sequence Modeling with Selective State
    Spaces", 2023, sec. 3.2: A by zero-order hold, B by an Euler step,

        h_t = exp(delta_t A) h_{t-1} + delta_t B_t u_t,   h_0 = 0
        y_t = <C_t, h_t> + D u_t.

    Any floating dtype and any number of derivatives; slow. See
    :func:`multimodal_rs.ops.selective_scan` for the arguments.
    """
    groups = B.shape[1]
    if delta_bias is not None:
        delta = delta + delta_bias[:, None]
    if delta_softplus:
        delta = functional.softplus(delta)

    def of_channels(x: Tensor) -> tuple[Tensor, ...]:
        # (b, g, n, l) -> l times (b, g * d, n)
        repeated = x.repeat_interleave(u.shape[1] // groups, dim=1)
        return repeated.unbind(dim=3)

    state = u.new_zeros(*u.shape[:2], A.shape[1])
    outputs = []
    steps = zip(
        u.unbind(2),
        delta.unbind(2),
        of_channels(B),
        of_channels(C),
        strict=True,
    )
    for u_t, delta_t, b_t, c_t in steps:
        decay = torch.exp(delta_t[..., None] * A)
        state = decay * state + (delta_t * u_t)[..., None] * b_t
        outputs.append((state * c_t).sum(dim=-1))
    y = torch.stack(outputs, dim=2)
    return y if D is None else y + u * D[:, None]


BACKEND = Reference()
