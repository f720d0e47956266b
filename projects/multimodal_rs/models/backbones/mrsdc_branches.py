"""The two branches of the two-branch network for multisource data."""

from collections.abc import Mapping

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

# Slope of all leaky ReLUs.
SLOPE = 0.2
# From this number of bands on a spectrum is long enough to be convolved.
SPECTRUM = 16
INIT = dict(
    type='Kaiming',
    a=SLOPE,
    nonlinearity='leaky_relu',
    layer=['Conv2d', 'Conv3d'],
)


@MODELS.register_module()
class TwoTunnelBranch(BaseModule):
    """A spatial and a spectral tunnel, side by side.

    Xu, Li, Ran, Du, Gao, Zhang, "Multisource Remote Sensing Data
    Classification Based on Convolutional Neural Network", TGRS 2018,
    https://doi.org/10.1109/TGRS.2017.2756851, layers as in the authors' code
    (Hsuxu/Two-branch-CNN-Multisource-RS-classification), where this branch
    reads hyperspectral images. In the JoiTriNet paper it reads SAR.

    Note:
        The spectral tunnel convolves the spectrum of a pixel with a kernel of
        11 bands, which SAR does not have; the JoiTriNet paper does not say
        what it did. Below 16 bands ours has 1x1 convolutions in their place.
        From 16 bands on it is the authors', written as convolutions over
        (band, row, column), and averaged over the bands at its end. The
        authors look at a window of 11x11 pixels; ours are dense.

    Args:
        in_channels (int): Number of bands.
        divisor (int): All channels are divided by it: 1 as the authors, 4 for
            small data and processors without a GPU.
        init_cfg (dict, optional): mmengine initialisation config; None: He.
    """

    def __init__(
        self,
        in_channels: int,
        divisor: int = 1,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(init_cfg or INIT)
        first, second = 256 // divisor, 512 // divisor
        self.spatial = nn.Sequential(
            nn.Conv2d(in_channels, first, 3, padding=1),
            nn.BatchNorm2d(first),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(first, second, 1),
            nn.LeakyReLU(SLOPE),
            nn.MaxPool2d(2, ceil_mode=True),
        )
        first, second = 64 // divisor, 128 // divisor
        if in_channels < SPECTRUM:
            self.spectral = nn.Sequential(
                nn.Conv2d(in_channels, first, 1),
                nn.BatchNorm2d(first),
                nn.LeakyReLU(SLOPE),
                nn.Conv2d(first, second, 1),
                nn.LeakyReLU(SLOPE),
                nn.MaxPool2d(2, ceil_mode=True),
            )
        else:
            self.spectral = Spectrum(first, second)

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """(B, C, H, W) -> (B, 640 / divisor, H / 2, W / 2), rounded up."""
        maps = [self.spatial(image), self.spectral(image)]
        return (torch.cat(maps, dim=1),)


class Spectrum(nn.Module):
    """Two convolutions along the bands of every pixel.

    Args:
        first: Channels behind the first.
        second: Channels behind the second.
    """

    def __init__(self, first: int, second: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv3d(1, first, (11, 1, 1)),
            nn.BatchNorm3d(first),
            nn.LeakyReLU(SLOPE),
            nn.Conv3d(first, second, (3, 1, 1)),
            nn.LeakyReLU(SLOPE),
            nn.MaxPool3d(2, ceil_mode=True),
        )

    def forward(self, image: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, second, H / 2, W / 2), rounded up."""
        return self.layers(image.unsqueeze(1)).mean(dim=2)


class Cascade(nn.Module):
    """Four convolutions with two residual connections.

    Args:
        in_channels: Of the input.
        channels: Of the output, f; the wide convolutions have 2 f.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        wide = 2 * channels
        self.first = nn.Sequential(
            nn.Conv2d(in_channels, wide, 3, padding=1),
            nn.BatchNorm2d(wide),
            nn.ReLU(),
            nn.Conv2d(wide, channels, 1),
            nn.BatchNorm2d(channels),
        )
        self.shortcut = nn.Conv2d(in_channels, wide, 1, bias=False)
        self.middle = nn.Conv2d(channels, wide, 3, padding=1)
        self.middle_norm = nn.BatchNorm2d(wide)
        self.last = nn.Sequential(
            nn.Conv2d(wide, channels, 3, padding=1), nn.BatchNorm2d(channels)
        )
        self.activation = nn.LeakyReLU(SLOPE)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C_in, H, W) -> (B, C, H, W)."""
        kept = self.first(x)
        wide = self.shortcut(x) + self.middle(self.activation(kept))
        wide = self.activation(self.middle_norm(wide))
        return self.activation(self.last(wide) + kept)


@MODELS.register_module()
class CascadeBranch(BaseModule):
    """Two cascade blocks with a pooling between them.

    The authors' branch for LiDAR or visible images (see
    :class:`TwoTunnelBranch`); in the JoiTriNet paper it reads optical images.
    One output cell sees 22 pixels.

    Args:
        in_channels (int): Number of bands.
        divisor (int): All channels are divided by it: 1 as the authors, 4 for
            small data and processors without a GPU.
        init_cfg (dict, optional): mmengine initialisation config; None: He.
    """

    def __init__(
        self,
        in_channels: int,
        divisor: int = 1,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(init_cfg or INIT)
        first, second = 64 // divisor, 128 // divisor
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, first, 3, padding=1),
            nn.LeakyReLU(SLOPE),
            Cascade(first, first),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.LeakyReLU(SLOPE),
            Cascade(first, second),
        )

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """(B, C, H, W) -> (B, 128 / divisor, H / 2, W / 2), rounded up."""
        return (self.layers(image),)
