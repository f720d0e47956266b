"""The scans as operators of torch: autograd, fake tensors, torch.compile.

One operator for all backends: the backend is chosen when it runs, from the
real tensors, so that a compiled or traced graph holds a single node.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from multimodal_rs.ops.dispatch import choose
from multimodal_rs.ops.routes import Route

SCAN, SS2D = 'selective_scan', 'ss2d'


def _scan_forward(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None,
    delta_bias: Tensor | None,
    softplus: bool,
    backend: str,
    keep: bool,
) -> tuple[Tensor, Tensor]:
    chosen = choose(backend, (u, delta, A, B, C), SCAN)
    y, saved = chosen.selective_scan_forward(
        u, delta, A, B, C, D, delta_bias, softplus, keep
    )
    return y.contiguous(), saved  # as the fake says


def _scan_forward_fake(
    u, delta, A, B, C, D, delta_bias, softplus, backend, keep
):
    chosen = choose(backend, (u, delta, A, B, C), SCAN)
    saved = chosen.selective_scan_saved(u, A, B) if keep else 0
    return _like(u), u.new_empty(saved, dtype=wide(u))


def _scan_backward(
    dy: Tensor,
    saved: Tensor,
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None,
    delta_bias: Tensor | None,
    softplus: bool,
    backend: str,
) -> list[Tensor]:
    chosen = choose(backend, (u, delta, A, B, C), SCAN)
    with torch.autocast(dy.device.type, enabled=False):
        gradients = chosen.selective_scan_backward(
            dy, saved, u, delta, A, B, C, D, delta_bias, softplus
        )
    inputs = (u, delta, A, B, C, D, delta_bias)
    return _as_inputs(gradients, inputs)


def _scan_backward_fake(
    dy, saved, u, delta, A, B, C, D, delta_bias, softplus, backend
):
    inputs = (u, delta, A, B, C, D, delta_bias)
    return [_contiguous(x) for x in inputs if x is not None]


def _ss2d_forward(
    x: Tensor,
    x_proj_weight: Tensor,
    dt_proj_weight: Tensor,
    dt_proj_bias: Tensor,
    A: Tensor,
    D: Tensor,
    routes: Sequence[int],
    backend: str,
    keep: bool,
) -> tuple[Tensor, Tensor]:
    chosen = choose(backend, (x, x_proj_weight), SS2D)
    parameters = (x_proj_weight, dt_proj_weight, dt_proj_bias, A, D)
    y, saved = chosen.ss2d_forward(x, *parameters, unflatten(routes), keep)
    return y.contiguous(), saved  # as the fake says


def _ss2d_forward_fake(
    x,
    x_proj_weight,
    dt_proj_weight,
    dt_proj_bias,
    A,
    D,
    routes,
    backend,
    keep,
):
    chosen = choose(backend, (x, x_proj_weight), SS2D)
    saved = chosen.ss2d_saved(x, dt_proj_weight, A) if keep else 0
    return _like(x[0]), x.new_empty(saved, dtype=wide(x))


def _ss2d_backward(
    dy: Tensor,
    saved: Tensor,
    x: Tensor,
    x_proj_weight: Tensor,
    dt_proj_weight: Tensor,
    dt_proj_bias: Tensor,
    A: Tensor,
    D: Tensor,
    routes: Sequence[int],
    backend: str,
) -> list[Tensor]:
    chosen = choose(backend, (x, x_proj_weight), SS2D)
    inputs = (x, x_proj_weight, dt_proj_weight, dt_proj_bias, A, D)
    with torch.autocast(dy.device.type, enabled=False):
        gradients = chosen.ss2d_backward(dy, saved, *inputs, unflatten(routes))
    return _as_inputs(gradients, inputs)


def _ss2d_backward_fake(
    dy,
    saved,
    x,
    x_proj_weight,
    dt_proj_weight,
    dt_proj_bias,
    A,
    D,
    routes,
    backend,
):
    inputs = (x, x_proj_weight, dt_proj_weight, dt_proj_bias, A, D)
    return [_contiguous(t) for t in inputs]


def flatten(routes: Sequence[Route]) -> list[int]:
    """Turn routes into the flat list of numbers that an operator takes."""
    return [int(number) for route in routes for number in route]


def unflatten(numbers: Sequence[int]) -> tuple[Route, ...]:
    """Undo :func:`flatten`."""
    triples = zip(numbers[0::3], numbers[1::3], numbers[2::3], strict=True)
    return tuple(Route(s, bool(t), bool(r)) for s, t, r in triples)


def wide(x: Tensor) -> torch.dtype:
    """Return the dtype of results: float32, float64 for float64."""
    return torch.promote_types(x.dtype, torch.float32)


def _like(x: Tensor) -> Tensor:
    return x.new_empty(x.shape, dtype=wide(x))


def _contiguous(x: Tensor) -> Tensor:
    return x.new_empty(x.shape)


def _as_inputs(
    gradients: Sequence[Tensor | None], inputs: Sequence[Tensor | None]
) -> list[Tensor]:
    """Give gradients the dtype of their inputs; drop those of None."""
    return [
        g.to(x.dtype).contiguous()
        for g, x in zip(gradients, inputs, strict=True)
        if x is not None
    ]


class _Operator:
    """A forward and a backward function as one differentiable operator.

    With torch 2.4 and later a custom operator, which torch.compile and
    tracing keep as one node; before, an autograd function.

    Args:
        name: Name below ``multimodal_rs::``.
        functions: forward, its fake, backward, its fake.
        tensors: The first so many arguments are tensors (or None).
        kept: How many arguments follow them in the backward call.
    """

    def __init__(self, name: str, functions, tensors: int, kept: int):
        forward, fake, backward, backward_fake = functions
        self._tensors, self._kept = tensors, kept
        if not hasattr(torch.library, 'custom_op'):
            self._backward = backward
            self.function = self._as_autograd_function(name, forward)
            return
        self.function = torch.library.custom_op(
            f'multimodal_rs::{name}', forward, mutates_args=()
        )
        self.function.register_fake(fake)
        self._backward = torch.library.custom_op(
            f'multimodal_rs::{name}_backward', backward, mutates_args=()
        )
        self._backward.register_fake(backward_fake)
        self.function.register_autograd(
            self.backward, setup_context=self.setup
        )

    def __call__(self, *arguments):
        return self.function(*arguments)

    def setup(self, ctx, inputs, output) -> None:
        ctx.save_for_backward(output[1], *inputs[: self._tensors])
        ctx.rest = inputs[self._tensors : self._tensors + self._kept]
        ctx.number = len(inputs)
        ctx.mark_non_differentiable(output[1])
        # no zeros of the size of what is saved, as gradient of that
        ctx.set_materialize_grads(False)

    def backward(self, ctx, dy, _):
        if dy is None:
            return (None,) * ctx.number
        saved, *tensors = ctx.saved_tensors
        gradients = self._backward(dy, saved, *tensors, *ctx.rest)
        left = iter(gradients)
        found = [None if t is None else next(left) for t in tensors]
        return (*found, *[None] * (ctx.number - len(found)))

    def _as_autograd_function(self, name, forward):
        operator = self

        class Function(torch.autograd.Function):
            @staticmethod
            def forward(ctx, *inputs):
                output = forward(*inputs)
                operator.setup(ctx, inputs, output)
                return output

            @staticmethod
            def backward(ctx, dy, unused):
                return operator.backward(ctx, dy, unused)

        Function.__name__ = name
        return Function.apply


scan_operator = _Operator(
    SCAN,
    (_scan_forward, _scan_forward_fake, _scan_backward, _scan_backward_fake),
    tensors=7,
    kept=2,
)
ss2d_operator = _Operator(
    SS2D,
    (_ss2d_forward, _ss2d_forward_fake, _ss2d_backward, _ss2d_backward_fake),
    tensors=6,
    kept=2,
)
