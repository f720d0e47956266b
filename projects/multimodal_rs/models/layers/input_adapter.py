"""Fit pretrained RGB weights to any number of input bands.

The only place that does it: branches are built for their own band count and
take ImageNet weights through :func:`load_pretrained`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from mmengine.logging import print_log
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn


@dataclass
class LoadReport:
    """What happened to a pretrained checkpoint.

    Attributes:
        loaded: Keys copied unchanged.
        adapted: Keys of stems that were fitted to another band count.
        missing: Keys of the module that the checkpoint lacks.
        unused: Keys of the checkpoint that the module lacks.
    """

    loaded: list[str]
    adapted: list[str]
    missing: list[str]
    unused: list[str]

    def __str__(self) -> str:
        lines = [f'{len(self.loaded)} tensors loaded']
        for name in ('adapted', 'missing', 'unused'):
            keys = getattr(self, name)
            if keys:
                shown = ', '.join(keys[:6]) + (' ...' if keys[6:] else '')
                lines.append(f'{len(keys)} {name}: {shown}')
        return '; '.join(lines)


def adapt_stem(weight: Tensor, bands: int, rule: str = 'repeat') -> Tensor:
    """Fit the first convolution's weight from 3 to any number of bands.

    Args:
        weight: (C_out, 3, k, k).
        bands: Number of input bands.
        rule: A name in :data:`STEM_RULES`: 'repeat' as the JoiTriNet authors,
            'extend' as the MCF-Mamba authors, 'reset' as the REF-Net authors.

    Returns:
        (C_out, bands, k, k).

    Raises:
        ValueError: If the weight is not for 3 bands or the rule is unknown.
    """
    if rule not in STEM_RULES:
        raise ValueError(
            f'adapt_stem: unknown rule {rule!r} for the stem, expected one '
            f'of {list(STEM_RULES)}'
        )
    if weight.shape[1] != 3:
        raise ValueError(
            'adapt_stem expects a weight for 3 bands, got shape '
            f'{tuple(weight.shape)}'
        )
    return weight if bands == 3 else STEM_RULES[rule](weight, bands)


def _repeat(weight: Tensor, bands: int) -> Tensor:
    """Keep the response to a grey image (segmentation_models_pytorch).

    One band gets the sum of the three slices; otherwise band i gets slice
    i mod 3 and everything is scaled by 3 / bands.
    """
    if bands == 1:
        return weight.sum(dim=1, keepdim=True)
    order = torch.arange(bands) % 3
    return weight[:, order] * (3 / bands)


def _extend(weight: Tensor, bands: int) -> Tensor:
    """Keep the slices as they are: the first ones, or all and their means.

    Nothing is scaled, so the response grows with the number of bands.
    """
    mean = weight.mean(dim=1, keepdim=True)
    further = max(bands - 3, 0)
    return torch.cat([weight[:, :bands], *[mean] * further], dim=1)


def _reset(weight: Tensor, bands: int) -> Tensor:
    """Up to three bands as 'repeat'; from four on random weights.

    What segmentation_models_pytorch does: the pretrained stem is lost.
    """
    if bands <= 3:
        return _repeat(weight, bands)
    kernel = weight.shape[2:]
    fresh = nn.Conv2d(bands, weight.shape[0], kernel, bias=False)
    return fresh.weight.detach().to(weight)


STEM_RULES: dict[str, Callable[[Tensor, int], Tensor]] = {
    'repeat': _repeat,
    'extend': _extend,
    'reset': _reset,
}


def first_convolution(module: nn.Module) -> tuple[str, nn.Conv2d]:
    """Find the stem: the first 2-D convolution in registration order.

    Returns:
        Its name inside ``module`` and the layer.
    """
    for name, child in module.named_modules():
        if isinstance(child, nn.Conv2d):
            return name, child
    raise ValueError(f'{type(module).__name__} has no 2-D convolution')


def load_pretrained(
    module: nn.Module,
    checkpoint: str,
    prefix: str | None = None,
    stem: str = 'repeat',
    title: str = '',
) -> LoadReport:
    """Load pretrained weights into a branch and say what was done.

    A backbone whose published files have other names has a method
    ``translate_pretrained(state) -> state``.

    Args:
        module: The branch's backbone.
        checkpoint: File, URL or ``torchvision://`` name of an RGB model.
        prefix: Load only keys below this prefix, without it.
        stem: Rule for other numbers of bands, see :func:`adapt_stem`.
        title: What the printed report calls the branch.

    Raises:
        ValueError: If nothing fits, a shape other than the stem's differs, or
            a layer has no weights in the checkpoint. (Norms may be missing:
            those that networks add for segmentation are in no such file.)
    """
    title = title or type(module).__name__
    source = _read(checkpoint, prefix)
    if hasattr(module, 'translate_pretrained'):
        source = module.translate_pretrained(source)
    target = module.state_dict()
    first = f'{first_convolution(module)[0]}.weight'
    report = LoadReport([], [], [], sorted(set(source) - set(target)))
    state = {}
    for key, tensor in target.items():
        value = source.get(key)
        if value is None:
            report.missing.append(key)
            continue
        if key == first and value.shape != tensor.shape:
            bands = tensor.shape[1]
            value = adapt_stem(value, bands, stem)
            report.adapted.append(f'{key} (3 to {bands} input bands)')
        else:
            report.loaded.append(key)
        _check_shape(key, value, tensor, f'{checkpoint} ({title})')
        state[key] = value
    if not report.loaded:
        raise ValueError(
            f'{checkpoint}: no key fits {title}. '
            f'It has {report.unused[:3]} ..., expected {sorted(target)[:3]} '
            '...: set `prefix` in init_cfg or choose another checkpoint'
        )
    lacking = [
        key
        for key, parameter in module.named_parameters()
        if key in report.missing and parameter.dim() > 1
    ]
    if lacking:
        raise ValueError(
            f'{checkpoint} ({title}): {len(lacking)} layers of the network '
            f'are not in it, {lacking[:3]} ...: choose the checkpoint of '
            'this depth and architecture'
        )
    module.load_state_dict(state, strict=False)
    print_log(f'{title} from {checkpoint}: {report}', 'current')
    return report


def _read(checkpoint: str, prefix: str | None) -> dict[str, Tensor]:
    source = CheckpointLoader.load_checkpoint(checkpoint, 'cpu')
    source = source.get('state_dict', source.get('model', source))
    if not prefix:
        return source
    return {
        k.removeprefix(f'{prefix}.'): v
        for k, v in source.items()
        if k.startswith(f'{prefix}.')
    }


def _check_shape(key: str, value: Tensor, tensor: Tensor, where: str) -> None:
    if value.shape != tensor.shape:
        raise ValueError(
            f'{where}: {key} has shape {tuple(value.shape)}, the network '
            f'needs {tuple(tensor.shape)}: the checkpoint belongs to another '
            'architecture'
        )
