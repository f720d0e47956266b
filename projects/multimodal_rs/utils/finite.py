"""Numbers that are NaN or infinite: which tensors and samples have them."""

from collections.abc import Mapping, Sequence

import torch
from mmseg.structures import SegDataSample
from torch import Tensor


def not_finite(tensors: Mapping[str, Tensor]) -> list[str]:
    """Name the tensors that hold NaN or infinity.

    Cheap where all is well: one pass over the numbers for their Euclidean
    norms (as in torch's ``clip_grad_norm_``), and one copy to the host. Only
    a norm that is not finite makes it look at the numbers themselves: those
    above 1e19 overflow in it, too.

    Args:
        tensors: On one device; only those of floating point are looked at.
    """
    named = {
        name: x.detach()
        for name, x in tensors.items()
        if x.is_floating_point() and x.numel()
    }
    if not named:
        return []
    norms = torch._foreach_norm(list(named.values()))
    finite = torch.stack([x.float() for x in norms]).isfinite()
    if finite.all():
        return []
    return [
        name
        for (name, x), known in zip(
            named.items(), finite.tolist(), strict=True
        )
        if not known and not x.isfinite().all()
    ]


def check_answers(
    answers: Mapping[str, Tensor], samples: Sequence[SegDataSample] | None
) -> None:
    """Refuse what a network answers if it is not finite.

    Args:
        answers: (B, ...) by the names that the message uses.
        samples: The B samples; None: they have no names.

    Raises:
        FloatingPointError: With the samples and their files.
    """
    found = not_finite(answers)
    if not found:
        return
    rows = [
        i
        for i in range(len(answers[found[0]]))
        if not all(answers[name][i].isfinite().all() for name in found)
    ]
    names = [sample_name(samples[i]) if samples else f'row {i}' for i in rows]
    raise FloatingPointError(
        f'the answer of the network ({", ".join(found)}) is not finite for '
        f'{"; ".join(names)}: correct absurd numbers in these files or leave '
        'them out; if there are none, the weights are not finite: use an '
        'earlier checkpoint'
    )


def sample_name(sample: SegDataSample) -> str:
    """Say a sample's id and its files."""
    meta = sample.metainfo
    paths = meta.get('img_paths') or {'': meta.get('img_path')}
    files = ', '.join(str(path) for path in paths.values() if path)
    name = repr(meta.get('sample_id', 'without id'))
    return f'{name} ({files})' if files else name
