"""Fusion of one level by the queries of a grid of regions."""

from collections.abc import Mapping, Sequence

from mmengine.model import BaseModule, ModuleDict
from torch import Tensor

from multimodal_rs.models.layers.attention_reconstruction import (
    AttentionReconstruction,
)
from multimodal_rs.models.layers.class_matching import Matches
from multimodal_rs.models.layers.fusion_weights import (
    PositionEvidence,
    RegionScores,
)
from multimodal_rs.models.layers.grid_queries import GridQueries, Regions
from multimodal_rs.models.layers.level_result import LevelResult
from multimodal_rs.models.layers.map_sampling import sample_map
from multimodal_rs.models.layers.presence import Presence, weights_of_present
from multimodal_rs.models.layers.reference_position import ReferencePosition
from multimodal_rs.models.layers.warp_reconstruction import (
    Reconstruction,
    WarpReconstruction,
)
from multimodal_rs.models.layers.weighted_sum import WeightedSum, token_layer

RECONSTRUCTIONS = ('warp', 'attention')
Maps = Mapping[str, Tensor]


class GridQueryFusion(BaseModule):
    """Region-wise queries, spatial reconstruction and dynamic fusion.

    Our reconstruction from the abstract of DF2RQ, see
    :class:`RegionQueryNeck`. With the maps X_m of one level:

    1. tokens V_m = Linear_m(LN_m(X_m)), C to d, and queries q_r of the
       regions (:class:`GridQueries`);
    2. displacements delta_rm of the regions in each modality
       (:class:`ReferencePosition`), from matches if there are some;
    3. spatial reconstruction X~_m of each modality by itself
       (:class:`WarpReconstruction` or :class:`AttentionReconstruction`);
    4. dynamic fusion: y_rm, X~_m at the reference position c_r + delta_rm
       (:class:`PositionEvidence`), scores g_rm (:class:`RegionScores`), and

           w_m(u) = softmax_m( sum_r A_r(u) g_rm )

       over the modalities that are there;
    5. F = sum_m w_m X~_m (:class:`WeightedSum`).

    Without reconstruction X~_m = X_m; without weighing w_m is the same for all
    that are there; without both no queries are made.

    Args:
        modalities: Names.
        in_channels: C.
        channels: d.
        region_size: Side of a region, in cells of this level.
        heads: Of all attention.
        reconstruction: ``'warp'``, ``'attention'``, or None.
        weigh: Whether to weigh.
        points: Samples of a cell, for ``'warp'``.
        matching: Whether displacements come from matches.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: int,
        channels: int,
        region_size: int,
        heads: int,
        reconstruction: str | None,
        weigh: bool,
        points: int,
        matching: bool = False,
    ) -> None:
        super().__init__()

        def for_each(make) -> ModuleDict:
            return ModuleDict({m: make() for m in modalities})

        self.total = WeightedSum(in_channels)
        self.tokens = self.queries = self.positions = None
        self.reconstructions = self.evidence = self.scores = None
        if reconstruction or weigh:
            self.tokens = for_each(lambda: token_layer(in_channels, channels))
            self.queries = GridQueries(channels, region_size, heads)
            self.positions = for_each(
                lambda: ReferencePosition(channels, region_size, matching)
            )
        if reconstruction == 'warp':
            self.reconstructions = for_each(
                lambda: WarpReconstruction(channels, points)
            )
        elif reconstruction == 'attention':
            self.reconstructions = for_each(
                lambda: AttentionReconstruction(in_channels, channels, heads)
            )
        if weigh:
            self.evidence = for_each(
                lambda: PositionEvidence(in_channels, channels)
            )
            self.scores = RegionScores(channels)

    def forward(
        self,
        maps: Maps,
        presence: Presence | None = None,
        matches: Matches | None = None,
    ) -> LevelResult:
        """Fuse.

        Args:
            maps: (B, C, H, W) per modality.
            presence: (B,) bool per modality; None: all are there.
            matches: Of :class:`ClassMatching`, if displacements come from it.
        """
        equal = {m: x.new_zeros(len(x), *x.shape[2:]) for m, x in maps.items()}
        if self.queries is None:
            weights = weights_of_present(equal, presence)
            fused = self.total(maps, weights, presence)
            return LevelResult(fused, weights, {}, {}, {})
        tokens = {
            m: layer(maps[m].movedim(1, -1))
            for m, layer in self.tokens.items()
        }
        regions = self.queries(tokens, presence)
        moves = {m: p(regions, m, matches) for m, p in self.positions.items()}
        found = self.reconstruct(maps, tokens, regions, moves)
        rebuilt = {m: found[m].reconstructed for m in found} or dict(maps)
        scores = self._scores(rebuilt, regions, moves) or equal
        weights = weights_of_present(scores, presence)
        fused = self.total(rebuilt, weights, presence)
        return LevelResult(fused, weights, found, moves, {})

    def reconstruct(
        self,
        maps: Maps,
        tokens: Maps,
        regions: Regions,
        displacements: Maps,
    ) -> dict[str, Reconstruction]:
        """Rebuild each modality from its own map; empty if that is off."""
        return {
            m: layer(maps[m], tokens[m], regions, m, displacements[m])
            for m, layer in (self.reconstructions or {}).items()
        }

    def _scores(
        self, maps: Maps, regions: Regions, displacements: Maps
    ) -> dict[str, Tensor]:
        """(B, H, W) per modality; empty if nothing is weighed."""
        if self.scores is None:
            return {}
        evidence = {}
        for m, layer in self.evidence.items():
            centres = regions.grid.centres(maps[m])
            places = centres + displacements[m]
            evidence[m] = layer(sample_map(maps[m], places))
        scores = self.scores(regions.queries, evidence)
        return {m: regions.spread(g)[..., 0] for m, g in scores.items()}
