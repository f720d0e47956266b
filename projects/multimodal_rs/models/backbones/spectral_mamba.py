"""A window as a sequence of bands, mixed by the one-dimensional Mamba."""

from collections.abc import Mapping

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.layers.mamba_mixer import MambaMixer


@MODELS.register_module()
class SpectralMamba(BaseModule):
    """Read the spectrum of a window band by band, up and down.

    Every band is a token: its pixels, projected to d numbers, plus what is
    learned for its place in the spectrum. Each block adds, after a norm, what
    one :class:`MambaMixer` makes of the bands in ascending order and another
    one of those in descending order; the mean over the bands, after a norm,
    is the result. A baseline of ours; networks of this kind in the literature
    (MSFMamba and others) are larger and were not followed.

    Args:
        in_channels (int): Number of bands.
        window (int): Rows and columns of a window.
        channels (int): d.
        depth (int): Number of blocks.
        backend (str): Of the scan, see
            :func:`multimodal_rs.ops.available_backends`.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self,
        in_channels: int,
        window: int = 11,
        channels: int = 64,
        depth: int = 2,
        backend: str = 'auto',
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.window = window
        self.embed = nn.Linear(window * window, channels)
        self.of_band = nn.Parameter(torch.empty(in_channels, channels))
        nn.init.trunc_normal_(self.of_band, std=0.02)
        self.blocks = nn.ModuleList(
            nn.ModuleDict(
                dict(
                    norm=nn.LayerNorm(channels),
                    up=MambaMixer(channels, backend=backend),
                    down=MambaMixer(channels, backend=backend),
                )
            )
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(channels)

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """Encode (B, C, window, window): one map (B, d, 1, 1).

        Raises:
            ValueError: If the image is of another size.
        """
        if image.shape[2:] != (self.window, self.window):
            raise ValueError(
                f'SpectralMamba: expected windows of {self.window}x'
                f'{self.window} pixels, got {tuple(image.shape[2:])}: set '
                '`window` as in the segmentor'
            )
        x = self.embed(image.flatten(2)) + self.of_band  # (B, C, d)
        for block in self.blocks:
            y = block['norm'](x)
            x = x + block['up'](y) + block['down'](y.flip(1)).flip(1)
        return (self.norm(x).mean(dim=1)[..., None, None],)
