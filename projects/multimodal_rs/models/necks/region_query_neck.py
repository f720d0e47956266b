"""Fusion by region-wise queries, after the abstract of DF2RQ."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.model import ModuleList
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from multimodal_rs.models.layers.class_matching import ClassMatching
from multimodal_rs.models.layers.class_query_fusion import ClassQueryFusion
from multimodal_rs.models.layers.grid_query_fusion import (
    RECONSTRUCTIONS,
    GridQueryFusion,
)
from multimodal_rs.models.layers.level_result import LevelResult
from multimodal_rs.models.layers.presence import Presence
from multimodal_rs.models.losses.evidence_loss import EvidenceLoss
from multimodal_rs.models.losses.land_cover_cross_entropy_loss import (
    land_cover_cross_entropy,
)
from multimodal_rs.models.necks.level_fusion import LevelFusionNeck
from multimodal_rs.utils.labels import IGNORED

Pyramids = Mapping[str, Sequence[Tensor]]
CLASS_LOSS_WEIGHT = 0.4
CHANNELS_PER_HEAD = 32


@MODELS.register_module()
class RegionQueryNeck(LevelFusionNeck):
    """Region-wise queries, spatial reconstruction, dynamic fusion.

    "DF2RQ: Dynamic Feature Fusion via Region-Wise Queries for Semantic
    Segmentation of Multimodal Remote Sensing Data", IEEE TGRS 2025,
    https://doi.org/10.1109/TGRS.2025.3526247. **Our reconstruction from the
    abstract**: the authors' repository does not contain these modules, and the
    article was not at hand. What the abstract says: the outline of an object
    differs between modalities, so spatial reconstruction (SR) samples
    foreground features of each modality and rebuilds each of them on its own;
    which modality tells a class best depends on the class, so dynamic fusion
    (DF) takes weights from the reference positions of the unimodal features;
    queries, one per region, drive both. Everything else here is ours.

    On every level, with the map X_m of modality m, region r with the centre
    c_r and the side s, and means over the modalities that a sample has
    (``queries='grid'``, ``reconstruction='warp'``, the default):

        V_m = Linear_m LN_m X_m                                      tokens
        t_rm = mean of V_m over region r
        q_r = encoder( mean_m t_rm + e )                             queries
        A_r(u) = softmax_r( <Q mean_m V_m(u), K q_r> / sqrt(d)
                 - lambda |u - c_r|^2 / s^2 ),  nine regions around u
        delta_rm = s tanh( L_m [q_r; t_rm] )         p_rm = c_r + delta_rm
        phi_mk(u) = sum_r A_r(u) ( delta_rm + Delta_rmk )            SR
        X~_m(u) = sum_k a_mk(u) X_m(u + phi_mk(u)) + a_m,stay(u) X_m(u)
        g_rm = MLP [q_r; Linear_m LN_m X~_m(p_rm)]                   DF
        w_m(u) = softmax_m( sum_r A_r(u) g_rm )
        F(u) = sum_m w_m(u) X~_m(u),   output F + FFN(F)

    With ``match`` the displacement has another source. q_r and t_rm hardly
    know it: nothing in them compares the modalities cell by cell. Classifiers
    do, one on each map of the first level, the finest, with a loss of their
    own that trains no encoder: match_rm is where modality m shows the classes
    that the others show in region r (:class:`ClassMatching`), and L_m, now a
    number, how far a level follows it:

        delta_rm = tanh( L_m [q_r; t_rm] ) match_rm

    At the start X~_m = X_m, the weights are equal and the output is the mean.
    A modality that a sample lacks has the weight 0, whatever is in its map; a
    sample without any, which segmentors refuse, gives FFN(0). The number of
    modalities is free, and the cost is linear in the area of the image. The
    layers say what each step does: :class:`GridQueryFusion` puts them
    together.

    Alternatives, for comparison: ``queries='class'`` has one query per class
    (:class:`ClassQueryFusion`, with a loss of its own); ``reconstruction=
    'attention'`` samples a descriptor per region and lets each cell attend to
    all of them (:class:`AttentionReconstruction`, not linear);
    ``reconstruction=None`` and ``weigh=False`` switch SR and DF off, both
    together leave the mean.

    Args:
        modalities (Sequence[str]): Names to fuse.
        in_channels (Sequence[int]): C of each fused level.
        channels (int): d, a multiple of 32 (of 4 below 32).
        region_sizes (Sequence[int]): s of each level, in its cells.
        in_index (Sequence[int], optional): Levels to fuse; None: all, one per
            entry of ``in_channels``.
        queries (str): ``'grid'`` or ``'class'``.
        reconstruction (str, optional): With a grid ``'warp'`` or
            ``'attention'``, with classes ``'class'``; None: no SR.
        weigh (bool): DF; False: all modalities count the same.
        points (int): K, samples of a cell with ``'warp'``.
        match (bool): With a grid, displacements from comparing the classes
            that each modality shows by itself.
        num_classes (int, optional): For class queries, matching and evidence;
            comes from the declaration of the data.
        evidence (dict, optional): Arguments of :class:`EvidenceLoss`
            (``temperature``, ``weight``, ``balance``), which supervises the
            weights; None: only the segmentation does.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    uses_presence = True

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: Sequence[int],
        channels: int,
        region_sizes: Sequence[int],
        in_index: Sequence[int] | None = None,
        queries: str = 'grid',
        reconstruction: str | None = 'warp',
        weigh: bool = True,
        points: int = 4,
        match: bool = False,
        num_classes: int | None = None,
        evidence: Mapping | None = None,
        init_cfg: Mapping | None = None,
    ) -> None:
        in_index = range(len(in_channels)) if in_index is None else in_index
        super().__init__(modalities, in_index, init_cfg)
        _check_levels(self.in_index, in_channels, region_sizes)
        _check_parts(queries, reconstruction, match)
        self.has_losses = queries == 'class' or match or evidence is not None
        _check_classes(self.has_losses, num_classes)
        heads = max(1, channels // CHANNELS_PER_HEAD)
        sizes = list(zip(in_channels, region_sizes, strict=True))
        if queries == 'grid':
            self.levels = ModuleList(
                GridQueryFusion(
                    self.modalities,
                    *(c, channels, s, heads),
                    *(reconstruction, weigh, points),
                    match,
                )
                for c, s in sizes
            )
        else:
            self.levels = ModuleList(
                ClassQueryFusion(
                    self.modalities,
                    *(c, channels, num_classes, heads),
                    *(reconstruction is not None, weigh),
                )
                for c, _ in sizes
            )
        self.matching = None
        if match:
            self.matching = ClassMatching(
                self.modalities, in_channels[0], num_classes, region_sizes[0]
            )
        self.evidence = None
        if evidence is not None:
            self.evidence = ModuleList(
                EvidenceLoss(self.modalities, c, num_classes, s, **evidence)
                for c, s in sizes
            )

    def forward(
        self, features: Pyramids, presence: Presence | None = None
    ) -> tuple[Tensor, ...]:
        """Fuse.

        Args:
            features: For each modality its pyramid, of maps (B, C, H, W).
            presence: (B,) bool per modality; None: all are there.

        Returns:
            One fused map per level of ``in_index``.
        """
        return tuple(r.fused for r in self.explain(features, presence))

    def fuse(self, maps: Mapping[str, Tensor], position: int) -> Tensor:
        """Fuse one level of samples that have all modalities.

        With ``match`` a level needs what was found on another one: use
        :meth:`forward`.
        """
        return self.levels[position](maps).fused

    def explain(
        self, features: Pyramids, presence: Presence | None = None
    ) -> list[LevelResult]:
        """Fuse, and say how: weights, displacements, samples.

        Args:
            features: As of :meth:`forward`.
            presence: As of :meth:`forward`.
        """
        levels = list(zip(self.levels, self.select(features), strict=True))
        if self.matching is None:
            return [level(maps, presence) for level, maps in levels]
        matches = self.matching(levels[0][1], presence)
        first, *others = (
            level(maps, presence, matches) for level, maps in levels
        )
        return [first._replace(class_logits=matches.logits), *others]

    def fusion_weights(self, features: Pyramids) -> list[dict[str, Tensor]]:
        """Get the weight of each modality, for pictures.

        Args:
            features: As of :meth:`forward`.

        Returns:
            Per fused level (B, H, W) per modality; they add up to 1.
        """
        return [
            dict(
                zip(self.modalities, result.weights.unbind(dim=1), strict=True)
            )
            for result in self.explain(features)
        ]

    def fuse_with_losses(
        self,
        features: Pyramids,
        samples: Sequence[SegDataSample],
        presence: Presence | None = None,
    ) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
        """Fuse, and compute the losses of classifiers and evidence.

        Args:
            features: As of :meth:`forward`.
            samples: With ``gt_sem_seg`` (1, H, W).
            presence: As of :meth:`forward`.

        Returns:
            The fused maps, and the losses, named by level.
        """
        results = self.explain(features, presence)
        label = torch.stack([s.gt_sem_seg.data[0] for s in samples]).long()
        losses = {}
        for i, result in enumerate(results):
            for m, logits in result.class_logits.items():
                there = None if presence is None else presence[m]
                loss = _class_loss(logits, label, there)
                losses[f'level{i}.{m}.loss_class'] = CLASS_LOSS_WEIGHT * loss
        if self.evidence is not None:
            for i, (loss, maps, result) in enumerate(
                zip(self.evidence, self.select(features), results, strict=True)
            ):
                terms = loss(maps, result.weights, label, presence)
                losses.update({f'level{i}.{k}': v for k, v in terms.items()})
        return tuple(r.fused for r in results), losses


def _class_loss(logits: Tensor, label: Tensor, there: Tensor | None) -> Tensor:
    """Cross entropy at the size of the label, where there is the modality."""
    counted = (label != IGNORED).float()
    if there is not None:
        counted = counted * there[:, None, None]
    logits = nn.functional.interpolate(
        logits, label.shape[1:], mode='bilinear', align_corners=False
    )
    return land_cover_cross_entropy(logits, label, counted)


def _check_levels(
    in_index: Sequence[int],
    in_channels: Sequence[int],
    region_sizes: Sequence[int],
) -> None:
    if not len(in_index) == len(in_channels) == len(region_sizes):
        raise ValueError(
            'RegionQueryNeck: in_index, in_channels and region_sizes need one '
            f'entry per level, got {tuple(in_index)}, {tuple(in_channels)} '
            f'and {tuple(region_sizes)}'
        )


def _check_parts(
    queries: str, reconstruction: str | None, match: bool
) -> None:
    known = {'grid': (*RECONSTRUCTIONS, None), 'class': ('class', None)}
    if queries not in known:
        raise ValueError(
            f'RegionQueryNeck: unknown queries {queries!r}, expected one of '
            f'{list(known)}'
        )
    if reconstruction not in known[queries]:
        raise ValueError(
            f'RegionQueryNeck: queries={queries!r} go with reconstruction in '
            f'{list(known[queries])}, got {reconstruction!r}'
        )
    if match and queries != 'grid':
        raise ValueError(
            "RegionQueryNeck: match goes with queries='grid', got "
            f'queries={queries!r}, which have no positions'
        )


def _check_classes(needed: bool, num_classes: int | None) -> None:
    if needed and num_classes is None:
        raise ValueError(
            'RegionQueryNeck: class queries, match and evidence need '
            'num_classes: set it in data_preprocessor, as the base configs of '
            'the datasets do, or of the neck'
        )
