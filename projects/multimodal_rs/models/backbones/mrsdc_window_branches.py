"""The two branches of MRSDC in their original form: windows to vectors."""

import torch
from mmseg.registry import MODELS
from torch import Tensor

from multimodal_rs.models.backbones.mrsdc_branches import (
    SPECTRUM,
    CascadeBranch,
    TwoTunnelBranch,
)


@MODELS.register_module()
class WindowTwoTunnelBranch(TwoTunnelBranch):
    """The spatial tunnel of a window beside the spectrum of its middle.

    Xu et al., TGRS 2018, as in the authors' code (see
    :class:`TwoTunnelBranch`, which is its dense form): both tunnels are
    flattened. A window of 11 pixels and C bands becomes 18 432 + 128
    ceil((C - 12) / 2) numbers, 26 880 for 144 bands.

    Args:
        in_channels (int): Number of bands, at least 16.
        init_cfg (dict, optional): mmengine initialisation config; None: He.

    Raises:
        ValueError: If there are fewer bands than a spectrum needs.
    """

    def __init__(self, in_channels: int, init_cfg: dict | None = None) -> None:
        if in_channels < SPECTRUM:
            raise ValueError(
                f'WindowTwoTunnelBranch: expected at least {SPECTRUM} bands, '
                f'got {in_channels}: give this sensor a WindowCascadeBranch'
            )
        super().__init__(in_channels, init_cfg=init_cfg)

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """Encode (B, C, w, w): one map (B, D, 1, 1)."""
        middle = image.shape[2] // 2
        pixel = image[:, None, :, middle, middle, None, None]  # (B,1,C,1,1)
        spectral = self.spectral.layers(pixel)
        flat = [self.spatial(image).flatten(1), spectral.flatten(1)]
        return (_as_map(flat),)


@MODELS.register_module()
class WindowCascadeBranch(CascadeBranch):
    """Two cascade blocks, flattened.

    The authors' form of :class:`CascadeBranch`. A window of 11 pixels becomes
    4 608 numbers.

    Args:
        in_channels (int): Number of bands.
        init_cfg (dict, optional): mmengine initialisation config; None: He.
    """

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """Encode (B, C, w, w): one map (B, D, 1, 1)."""
        return (_as_map([self.layers(image).flatten(1)]),)


def _as_map(flat: list[Tensor]) -> Tensor:
    """Concatenate (B, D_i): (B, D, 1, 1)."""
    return torch.cat(flat, dim=1)[..., None, None]
