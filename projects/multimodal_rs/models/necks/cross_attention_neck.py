"""Fusion of windows by attention of every modality to the others."""

from collections.abc import Mapping, Sequence

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.necks.level_fusion import LevelFusionNeck


@MODELS.register_module()
class CrossAttentionNeck(LevelFusionNeck):
    """A transformer whose queries and keys are of different modalities.

    The cells of a modality's last map are its tokens. In every block the
    tokens of each modality attend to those of all others, then pass two
    layers, each after a norm and with a shortcut; all modalities read what
    the block before has made. The means of the tokens are concatenated. A
    baseline of ours, after the habit of the field (MFT and others lets tokens
    of an image attend to one of LiDAR), not a copy of one of them.

    Args:
        modalities (Sequence[str]): Names, at least two, in this order.
        channels (int): C of every modality's map, divisible by ``heads``.
        cells (int): Of every modality's map, 9 for windows of 11x11.
        depth (int): Number of blocks.
        heads (int): Of the attention.
        init_cfg (dict, optional): mmengine initialisation config.

    Raises:
        ValueError: If there is a single modality.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        channels: int = 128,
        cells: int = 9,
        depth: int = 2,
        heads: int = 4,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(modalities, in_index=(-1,), init_cfg=init_cfg)
        number = len(self.modalities)
        if number < 2:
            raise ValueError(
                'CrossAttentionNeck: expected at least two modalities, got '
                f'{list(self.modalities)}: without a second one there is '
                'nothing to attend to, use MeanConcatNeck or name another'
            )
        self.of_cell = nn.Parameter(torch.empty(number, cells, channels))
        nn.init.trunc_normal_(self.of_cell, std=0.02)
        self.blocks = nn.ModuleList(
            nn.ModuleDict({m: CrossBlock(channels, heads) for m in modalities})
            for _ in range(depth)
        )

    def fuse(self, maps: Mapping[str, Tensor], position: int) -> Tensor:
        """(B, C, h, w) of each modality -> (B, M C, 1, 1)."""
        tokens = {
            m: image.flatten(2).transpose(1, 2) + place
            for (m, image), place in zip(
                maps.items(), self.of_cell, strict=True
            )
        }
        for block in self.blocks:
            tokens = {
                m: block[m](x, [y for n, y in tokens.items() if n != m])
                for m, x in tokens.items()
            }
        means = [x.mean(dim=1) for x in tokens.values()]
        return torch.cat(means, dim=1)[..., None, None]


class CrossBlock(nn.Module):
    """Attention of one modality's tokens to others', then two layers."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.of_queries = nn.LayerNorm(channels)
        self.of_keys = nn.LayerNorm(channels)
        self.attend = nn.MultiheadAttention(channels, heads, batch_first=True)
        self.layers = nn.Sequential(
            nn.LayerNorm(channels),
            nn.Linear(channels, 2 * channels),
            nn.GELU(),
            nn.Linear(2 * channels, channels),
        )

    def forward(self, x: Tensor, others: Sequence[Tensor]) -> Tensor:
        """Let x (B, N, C) attend to others, (B, N_i, C) each."""
        keys = self.of_keys(torch.cat(tuple(others), dim=1))
        queries = self.of_queries(x)
        x = x + self.attend(queries, keys, keys, need_weights=False)[0]
        return x + self.layers(x)
