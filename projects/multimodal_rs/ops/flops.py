"""Cost of the scans, for mmengine's complexity analysis.

One formula for all backends, that of VMamba's authors, so that numbers can be
compared with published ones: per sequence of L steps, D channels and N states

    9 L D N + D L

and one for each multiply-add of the projections inside of ss2d, as mmengine
(after fvcore) counts convolutions and linear layers.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping

from torch import Tensor, nn

# Inputs and outputs are values of a traced graph (torch._C.Value).
Handle = Callable[[list, list], Counter]


def selective_scan_flops(
    batch: int, channels: int, length: int, states: int
) -> int:
    """Return the cost of a scan of (batch, channels, length)."""
    return batch * channels * length * (9 * states + 1)


def projection_flops(
    batch: int, channels: int, length: int, rank: int, states: int
) -> int:
    """Return the cost of x -> (r, B, C) and r -> delta along one route."""
    return batch * length * channels * (rank + 2 * states + rank)


def flop_handles() -> dict[str, Handle]:
    """Return the handles of the operators, by name of the traced node.

    Before torch 2.4 an operator is an autograd function and its node has
    another name.
    """
    handles = dict(
        selective_scan=_count_selective_scan,
        ss2d=_count_ss2d,
    )
    named = {
        prefix + name: handle
        for name, handle in handles.items()
        for prefix in ('multimodal_rs::', 'prim::PythonOp.')
    }
    # mmengine counts attention only where it is written as products.
    named['aten::scaled_dot_product_attention'] = _count_attention
    return named


def flop_analyzer(model: nn.Module, inputs: Mapping[str, Tensor]):
    """Prepare the analysis of a network that reads a dict of maps.

    Args:
        model: Called as ``model(inputs, mode='tensor')``; its training mode
            is left as it is.
        inputs: (B, C_m, H, W) for each modality.

    Returns:
        mmengine's ``FlopAnalyzer``; names of its modules start with
        ``network``.
    """
    from mmengine.analysis import FlopAnalyzer

    analyzer = FlopAnalyzer(
        _OfTensors(model, tuple(inputs)), tuple(inputs.values())
    )
    analyzer.set_op_handle(**flop_handles())
    # Activations, sums and copies, which the convention leaves out; losses
    # and inactive dropout, which are not called.
    analyzer.unsupported_ops_warnings(False)
    return analyzer.uncalled_modules_warnings(False)


class _OfTensors(nn.Module):
    """A network with one argument per modality: what can be traced."""

    def __init__(self, network: nn.Module, names: tuple[str, ...]) -> None:
        super().__init__()
        self.network = network
        self.names = names

    def forward(self, *maps: Tensor):
        inputs = dict(zip(self.names, maps, strict=True))
        return self.network(inputs, mode='tensor')


def _count_selective_scan(inputs: list, outputs: list) -> Counter:
    batch, channels, length = _shape(inputs[0])
    states = _shape(inputs[2])[1]
    flops = selective_scan_flops(batch, channels, length, states)
    return Counter({'scan': flops})


def _count_attention(inputs: list, outputs: list) -> Counter:
    """Two products, as if they were written out; the softmax is free."""
    *batch, length, channels = _shape(inputs[0])
    keys, value_channels = _shape(inputs[2])[-2:]
    flops = math.prod(batch) * length * keys * (channels + value_channels)
    return Counter({'attention': flops})


def _count_ss2d(inputs: list, outputs: list) -> Counter:
    _, batch, height, width, channels = _shape(inputs[0])
    routes, _, rank = _shape(inputs[2])
    states = _shape(inputs[4])[1]
    sequences, length = routes * batch, height * width
    size = (sequences, channels, length)
    return Counter(
        {
            'scan': selective_scan_flops(*size, states),
            'scan projections': projection_flops(*size, rank, states),
        }
    )


def _shape(value) -> list[int]:
    return value.type().sizes()
