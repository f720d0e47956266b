"""Fusion by gates, one per modality, channel and cell."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.model import ModuleList
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.necks.level_fusion import LevelFusionNeck


@MODELS.register_module()
class GatedFusionNeck(LevelFusionNeck):
    """Weigh the modalities by gates that see all of them.

    On each level, with one linear layer G at each position,

        z = softmax over m of  G [X_1; ...; X_M],    F = sum_m z_m X_m

    with a gate z_m for each channel. The gated multimodal unit of Arevalo et
    al., "Gated Multimodal Units for Information Fusion", 2017,
    https://arxiv.org/abs/1702.01992, for any number of modalities (theirs has
    a sigmoid for two, and a tanh of a linear layer in place of X_m: encoders
    stand before ours). G starts at 0, so that F starts as the mean.

    Args:
        modalities (Sequence[str]): Names to fuse.
        in_channels (Sequence[int]): C of each fused level.
        in_index (Sequence[int]): Levels to fuse.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: Sequence[int],
        in_index: Sequence[int],
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(modalities, in_index, init_cfg)
        self.check_levels(in_channels=in_channels)
        number = len(self.modalities)
        self.gates = ModuleList(
            nn.Conv2d(number * c, number * c, 1) for c in in_channels
        )
        for gate in self.gates:
            nn.init.zeros_(gate.weight)
            nn.init.zeros_(gate.bias)

    def fuse(self, maps: Mapping[str, Tensor], position: int) -> Tensor:
        """Fuse one level, (B, C, H, W) each -> (B, C, H, W)."""
        stacked = torch.stack(tuple(maps.values()), dim=1)
        return (self._gates(stacked, position) * stacked).sum(dim=1)

    def fusion_weights(
        self, features: Mapping[str, Sequence[Tensor]]
    ) -> list[dict[str, Tensor]]:
        """Get the mean gate of each modality, for pictures.

        Args:
            features: As of :meth:`forward`.

        Returns:
            Per fused level (B, H, W) per modality; they add up to 1.
        """
        weights = []
        for position, maps in enumerate(self.select(features)):
            gates = self._gates(torch.stack([*maps.values()], 1), position)
            shares = gates.mean(dim=2).unbind(dim=1)
            weights.append(dict(zip(maps, shares, strict=True)))
        return weights

    def _gates(self, stacked: Tensor, position: int) -> Tensor:
        """Compute the gates of (B, M, C, H, W); they add up to 1 over M."""
        logits = self.gates[position](stacked.flatten(1, 2))
        return logits.view_as(stacked).softmax(dim=1)
