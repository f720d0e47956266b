"""The first convolution, fitted from RGB to any number of input bands."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn


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
    found = find_convolution(module)
    if found is None:
        raise ValueError(f'{type(module).__name__} has no 2-D convolution')
    return found


def find_convolution(module: nn.Module) -> tuple[str, nn.Conv2d] | None:
    """Find it as :func:`first_convolution`; None: there is none."""
    for name, child in module.named_modules():
        if isinstance(child, nn.Conv2d):
            return name, child
    return None


def summed_with(module: nn.Module, stem: nn.Conv2d) -> list[str]:
    """Name the convolutions whose maps can be added to those of the stem.

    They have its bands, channels, stride and groups, and read the image as
    well: the blocks of RepVGG and MobileOne have such branches.
    """
    return [
        name
        for name, child in module.named_modules()
        if isinstance(child, nn.Conv2d)
        and child is not stem
        and child.groups == stem.groups
        and child.stride == stem.stride
        and child.weight.shape[:2] == stem.weight.shape[:2]
    ]


def replace_stem(module: nn.Module, bands: int) -> None:
    """Let a network that is made for a fixed number of bands read others.

    Args:
        module: Changed: its first convolution gets a new, random weight.
        bands: Number of input bands.

    Raises:
        ValueError: If that convolution has groups, which no stem has.
    """
    name, old = first_convolution(module)
    if old.in_channels == bands:
        return
    if old.groups != 1:
        raise ValueError(
            f'{type(module).__name__}: its first convolution, {name}, has '
            f'{old.groups} groups and cannot read {bands} bands: choose a '
            'backbone with the argument in_channels'
        )
    stem = copy.deepcopy(old)
    stem.in_channels = bands
    shape = (old.out_channels, bands, *old.kernel_size)
    stem.weight = nn.Parameter(old.weight.new_empty(shape))
    stem.reset_parameters()
    parent, _, attribute = name.rpartition('.')
    setattr(module.get_submodule(parent), attribute, stem)
