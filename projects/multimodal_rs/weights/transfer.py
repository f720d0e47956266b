"""Tensors that a checkpoint and a network have in common."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass
class TransferReport:
    """What happened to the tensors.

    Attributes:
        loaded: In both, copied.
        missing: Only in the network: they keep their random start.
        unused: Only in the checkpoint.
    """

    loaded: list[str]
    missing: list[str]
    unused: list[str]

    def __str__(self) -> str:
        lines = [f'{len(self.loaded)} tensors loaded']
        for name in ('missing', 'unused'):
            keys = getattr(self, name)
            listed = ''.join(f'\n    {key}' for key in keys)
            lines.append(f'  {len(keys)} {name}{":" if keys else ""}{listed}')
        return '\n'.join(lines)


def transfer(
    state: Mapping[str, Tensor], model: nn.Module, title: str
) -> TransferReport:
    """Copy all tensors that both sides have.

    Args:
        state: Of the checkpoint.
        model: Changed.
        title: What messages call the checkpoint.

    Raises:
        ValueError: If no tensor fits, or one has another shape.
    """
    target = model.state_dict()
    report = TransferReport(
        loaded=[k for k in target if k in state],
        missing=[k for k in target if k not in state],
        unused=[k for k in state if k not in target],
    )
    shapes = {
        key: (tuple(state[key].shape), tuple(target[key].shape))
        for key in report.loaded
    }
    wrong = {k: pair for k, pair in shapes.items() if pair[0] != pair[1]}
    if wrong or not report.loaded:
        detail = (
            f'shapes (checkpoint, network) differ: {wrong}'
            if wrong
            else f'it has {report.unused[:3]} ..., expected '
            f'{report.missing[:3]} ...'
        )
        raise ValueError(
            f'PretrainedWeightsHook: {title} is of another network, {detail}: '
            'fine-tune the network that was pretrained, with the same bands '
            'and, if it comes with a classifier, classes'
        )
    model.load_state_dict({k: state[k] for k in report.loaded}, strict=False)
    return report
