"""Chains of 3x3 convolutions with batch norm and ReLU, in both orders."""

from collections.abc import Sequence

from torch import nn


def conv_norm_relu(
    in_channels: int, channels: Sequence[int]
) -> list[nn.Module]:
    """Make 3x3 convolutions of some widths, each with batch norm and ReLU."""
    layers = []
    for width in channels:
        layers += [
            nn.Conv2d(in_channels, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
        in_channels = width
    return layers


def conv_relu_norm(
    in_channels: int, channels: Sequence[int]
) -> list[nn.Module]:
    """Make 3x3 convolutions of some widths, each with ReLU and batch norm."""
    layers = []
    for width in channels:
        layers += [
            nn.Conv2d(in_channels, width, 3, padding=1),
            nn.ReLU(),
            nn.BatchNorm2d(width),
        ]
        in_channels = width
    return layers
