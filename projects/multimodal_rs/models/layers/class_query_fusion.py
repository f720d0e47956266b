"""Fusion of one level by a query per class."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.model import BaseModule, ModuleDict
from torch import Tensor, nn

from multimodal_rs.models.layers.fusion_weights import RegionScores
from multimodal_rs.models.layers.level_result import LevelResult
from multimodal_rs.models.layers.presence import (
    Presence,
    mean_of_present,
    weights_of_present,
)
from multimodal_rs.models.layers.warp_reconstruction import Reconstruction
from multimodal_rs.models.layers.weighted_sum import WeightedSum, token_layer


class ClassQueryFusion(BaseModule):
    """The same steps as :class:`GridQueryFusion`; regions are classes.

    Our reconstruction from the abstract of DF2RQ, see
    :class:`RegionQueryNeck`. With the tokens V_m and the means over the
    modalities that are there:

        P_m  = softmax over classes of Linear_m V_m,    P = mean_m P_m
        z_km = sum_u P_m(u, k) V_m(u) / sum_u P_m(u, k)
        q_k  = encoder( mean_m z_km + e_k ),   e_k learned
        X~_m(u) = X_m(u) + O_m sum_k P_m(u, k) z_km
        w_m(u)  = softmax_m( sum_k P(u, k) MLP [q_k; z_km] )

    The encoder is a transformer layer over the queries. O_m and the end of the
    MLP start at 0. The P_m need a loss of their own. The cost is linear in the
    number of cells.

    Args:
        modalities: Names.
        in_channels: C.
        channels: d.
        num_classes: Number of queries.
        heads: Of the encoder.
        reconstruct: Whether to rebuild; False: X~_m = X_m.
        weigh: Whether to weigh; False: all that are there count the same.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: int,
        channels: int,
        num_classes: int,
        heads: int,
        reconstruct: bool,
        weigh: bool,
    ) -> None:
        super().__init__()
        self.tokens = ModuleDict(
            {m: token_layer(in_channels, channels) for m in modalities}
        )
        self.classifiers = ModuleDict(
            {m: nn.Linear(channels, num_classes) for m in modalities}
        )
        self.total = WeightedSum(in_channels)
        self.projections = None
        if reconstruct:
            self.projections = ModuleDict(
                {m: _zero_linear(channels, in_channels) for m in modalities}
            )
        self.start = self.encoder = self.scores = None
        if weigh:
            self.start = nn.Parameter(torch.empty(num_classes, channels))
            nn.init.trunc_normal_(self.start, std=0.02)
            self.encoder = nn.TransformerEncoderLayer(
                channels,
                heads,
                2 * channels,
                dropout=0.0,
                activation='gelu',
                batch_first=True,
                norm_first=True,
            )
            self.scores = RegionScores(channels)

    def forward(
        self, maps: Mapping[str, Tensor], presence: Presence | None = None
    ) -> LevelResult:
        """Fuse.

        Args:
            maps: (B, C, H, W) per modality.
            presence: (B,) bool per modality; None: all are there.
        """
        size = next(iter(maps.values())).shape[2:]
        logits, shares, classes = {}, {}, {}
        for m, layer in self.tokens.items():
            tokens = layer(maps[m].flatten(2).transpose(1, 2))  # (B, HW, d)
            logits[m] = self.classifiers[m](tokens)
            shares[m] = logits[m].softmax(dim=-1)
            classes[m] = _means_of_classes(shares[m], tokens)
        found = self._reconstruct(maps, shares, classes)
        rebuilt = {m: found[m].reconstructed for m in found} or dict(maps)
        scores = self._scores(shares, classes, presence)
        scores = {m: g.unflatten(1, size) for m, g in scores.items()}
        weights = weights_of_present(scores, presence)
        fused = self.total(rebuilt, weights, presence)
        logits = {
            m: y.transpose(1, 2).unflatten(2, size) for m, y in logits.items()
        }
        return LevelResult(fused, weights, found, {}, logits)

    def _reconstruct(
        self,
        maps: Mapping[str, Tensor],
        shares: Mapping[str, Tensor],
        classes: Mapping[str, Tensor],
    ) -> dict[str, Reconstruction]:
        found = {}
        for m, project in (self.projections or {}).items():
            change = shares[m] @ project(classes[m])  # (B, HW, C)
            change = change.transpose(1, 2).reshape(maps[m].shape)
            found[m] = Reconstruction(maps[m] + change)
        return found

    def _scores(
        self,
        shares: Mapping[str, Tensor],
        classes: Mapping[str, Tensor],
        presence: Presence | None,
    ) -> dict[str, Tensor]:
        """(B, H W) per modality; 0 if nothing is weighed."""
        if self.scores is None:
            return {m: torch.zeros_like(p[..., 0]) for m, p in shares.items()}
        queries = mean_of_present(classes, presence) + self.start
        scores = self.scores(self.encoder(queries), classes)
        share = mean_of_present(shares, presence)
        return {m: (share @ g)[..., 0] for m, g in scores.items()}


def _means_of_classes(shares: Tensor, tokens: Tensor) -> Tensor:
    """Average the tokens of each class.

    In float32 under mixed precision: it is a sum over all cells, which
    float16 cannot hold for large maps.

    Args:
        shares: (B, N, K), of each class in each cell.
        tokens: (B, N, d).

    Returns:
        (B, K, d), of the dtype of the tokens.
    """
    dtype = torch.promote_types(tokens.dtype, torch.float32)
    with torch.autocast(tokens.device.type, enabled=False):
        shares = shares.to(dtype)
        area = shares.sum(dim=1)[..., None].clamp(min=1e-6)
        means = shares.transpose(1, 2) @ tokens.to(dtype) / area
    return means.to(tokens)


def _zero_linear(in_channels: int, channels: int) -> nn.Linear:
    layer = nn.Linear(in_channels, channels, bias=False)
    nn.init.zeros_(layer.weight)
    return layer
