"""Fusion of MCF-Mamba: the maps of all modalities in one cross scan."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.models.layers.selective_scan_2d import SelectiveScan2d
from multimodal_rs.models.layers.ss2d_layer import convolve, step_rank
from multimodal_rs.ops import cross_routes


class MCMF(SelectiveScan2d):
    """Scan the maps of M modalities in four directions each and fuse them.

    MCF-Mamba (JAG 2025, vol. 145, 104960), figure of the fusion module. With
    x_m (B, C, H, W) of modality m and D = ssm_ratio * C inner channels:

        (a_m, z_m) = in_proj_m(LN_m(x_m));   s_m = SiLU(depthwise3x3_m(a_m))
        y = LN(sum over m and directions of scan(s_m))
        fused = block(concat_m(y * SiLU(z_m))) + sum_m x_m

    where ``block`` is a grouped 3x3 convolution to D channels, SiLU, a
    depthwise 3x3 convolution, SiLU, a 1x1 convolution to C channels. All 4 M
    scans have parameters of their own; what crosses the modalities is the
    sum and that it is gated by each of them.

    Note:
        The grouped convolution reads M neighbouring channels of the
        concatenation, so each of its outputs sees one modality's gate only.
        Kept: it is the authors' network. They have two modalities; the
        generalisation to M is ours and exact for M = 2.

    Args:
        modalities: Names, in the order of scans and concatenation.
        channels: Channels C of every map.
        state_size: State size N of the scans.
        ssm_ratio: Inner channels per channel.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        channels: int,
        state_size: int = 16,
        ssm_ratio: float = 2.0,
    ) -> None:
        inner = int(ssm_ratio * channels)
        number = len(modalities)
        super().__init__(
            inner, step_rank(channels), state_size, cross_routes(number)
        )
        self.modalities = tuple(modalities)
        self.in_norms = nn.ModuleDict(
            {m: nn.LayerNorm(channels) for m in modalities}
        )
        self.in_projs = nn.ModuleDict(
            {m: nn.Linear(channels, 2 * inner, bias=False) for m in modalities}
        )
        self.convs = nn.ModuleDict(
            {m: _grouped(inner, inner) for m in modalities}
        )
        self.out_norm = nn.LayerNorm(inner)
        self.block = nn.Sequential(
            _grouped(number * inner, inner),
            nn.SiLU(),
            _grouped(inner, inner),
            nn.SiLU(),
            nn.Conv2d(inner, channels, 1),
        )

    def forward(self, maps: Mapping[str, Tensor]) -> Tensor:
        """Fuse one level.

        Args:
            maps: (B, C, H, W) for every modality.

        Returns:
            (B, C, H, W).
        """
        sequences, gates = [], []
        for name in self.modalities:
            x = self.in_norms[name](maps[name].permute(0, 2, 3, 1))
            a, z = self.in_projs[name](x).chunk(2, dim=-1)
            sequences.append(functional.silu(convolve(self.convs[name], a)))
            gates.append(functional.silu(z))
        y = self.scan(torch.stack(sequences))  # (B, H, W, D)
        y = self.out_norm(y.to(self.out_norm.weight.dtype))
        gated = torch.cat([y * z for z in gates], dim=-1)
        gated = gated.to(self.block[0].weight.dtype).permute(0, 3, 1, 2)
        return self.block(gated) + sum(maps[m] for m in self.modalities)


def _grouped(in_channels: int, channels: int) -> nn.Conv2d:
    """3x3 convolution with one group per output channel."""
    return nn.Conv2d(in_channels, channels, 3, padding=1, groups=channels)
