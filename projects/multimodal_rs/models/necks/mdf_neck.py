"""REF-Net's decoders: fusion, and enhancement of each modality."""

from collections.abc import Mapping, Sequence

from mmengine.model import BaseModule, ModuleDict, ModuleList
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.layers.mdf_vss_block import scan_block, scan_map
from multimodal_rs.models.layers.msie_path import MSIEPath
from multimodal_rs.models.layers.top_down_path import TopDownPath

Pyramid = tuple[Tensor, ...]
Pyramids = Mapping[str, Sequence[Tensor]]


@MODELS.register_module()
class MDFNeck(BaseModule):
    """MDF decoder and MSIE decoders of REF-Net.

    "Retain and Enhance Modality-Specific Information for Multimodal Remote
    Sensing Image LULC Classification", IEEE TGRS 63, 2025, 5635318. On every
    level l both modalities are projected to C channels; then

    - MDF decoder: fused_l, difference_l from an :class:`MDFVSSBlock`, a
      further VSS block, and a :class:`TopDownPath` over the levels;
    - MSIE decoders: an :class:`MSIEPath` per modality, guided by
      difference_l. They do not act on the fused path. :meth:`forward` leaves
      them out; :meth:`fuse_and_refine` and :meth:`refine` run them.

    Written from a description of network and recipe and checked by numbers.
    Departures of the authors' code from their figures, followed here: the
    further VSS block of each level, and that the difference is added to, not
    subtracted from, the second modality.

    Args:
        modalities (Sequence[str]): Two names; the difference is the first
            minus the second.
        in_channels (Sequence[int]): Of the levels, shallow to deep.
        channels (int): C.
        fusion (dict, optional): Config of the block that fuses a level; it
            gets ``channels``. None: :class:`MDFVSSBlock`.
        enhance (bool): Whether there are MSIE decoders; without them
            modality heads read the backbone's pyramids.
        drop_path (float): Stochastic depth of the further VSS blocks.
        norm_cfg (dict, optional): Of the residual blocks in the paths; None:
            batch norm. ``fusion`` has its own, and its own ``drop_path``.
        init_cfg (dict | list, optional): mmengine initialisation config; None:
            as the authors, Kaiming uniform for convolutions and Xavier
            uniform for linear layers; the scans have their own.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: Sequence[int],
        channels: int = 128,
        fusion: Mapping | None = None,
        enhance: bool = True,
        drop_path: float = 0.1,
        norm_cfg: Mapping | None = None,
        init_cfg: Mapping | Sequence | None = None,
    ) -> None:
        super().__init__(init_cfg or _initialisation())
        if len(modalities) != 2:
            raise ValueError(
                'MDFNeck: a difference needs exactly two modalities, got '
                f'{tuple(modalities)}: use another neck for more'
            )
        self.modalities = tuple(modalities)
        self.refines_modalities = enhance
        levels = len(in_channels)
        norm_cfg = norm_cfg or dict(type='BN')
        fusion = fusion or dict(type='MDFVSSBlock')
        self.projections = ModuleDict(
            {
                m: ModuleList(
                    nn.Conv2d(c, channels, 1, bias=False) for c in in_channels
                )
                for m in self.modalities
            }
        )
        self.fusions = ModuleList(
            MODELS.build(dict(fusion, channels=channels)) for _ in in_channels
        )
        self.scans = ModuleList(
            scan_block(channels, drop_path) for _ in in_channels
        )
        self.path = TopDownPath(channels, levels, norm_cfg)
        self.enhancement = ModuleDict(
            {
                m: MSIEPath(channels, levels, norm_cfg)
                for m in (self.modalities if enhance else ())
            }
        )

    def forward(self, features: Pyramids) -> Pyramid:
        """Fuse.

        Args:
            features: For both modalities the pyramid, (B, C_l, H_l, W_l),
                shallow to deep.

        Returns:
            (B, C, H_l, W_l), shallow to deep.

        Raises:
            KeyError: If a modality is missing.
            ValueError: If a pyramid has another number of levels.
        """
        return self._fuse(self._project(features))[0]

    def fuse_and_refine(
        self, features: Pyramids
    ) -> tuple[Pyramid, dict[str, Pyramid]]:
        """Fuse, and enhance every modality.

        Args:
            features: As of :meth:`forward`.

        Returns:
            The fused pyramid, and one pyramid per modality.
        """
        projected = self._project(features)
        fused, differences = self._fuse(projected)
        return fused, self._enhance(projected, differences)

    def refine(self, features: Pyramids) -> dict[str, Pyramid]:
        """Enhance every modality; nothing is fused.

        Args:
            features: As of :meth:`forward`.

        Returns:
            One pyramid per modality.
        """
        projected = self._project(features)
        pairs = zip(*projected.values(), strict=True)
        differences = [
            fusion.compare(a, b)
            for fusion, (a, b) in zip(self.fusions, pairs, strict=True)
        ]
        return self._enhance(projected, differences)

    def _project(self, features: Pyramids) -> dict[str, list[Tensor]]:
        missing = [m for m in self.modalities if m not in features]
        if missing:
            raise KeyError(
                f'MDFNeck fuses {list(self.modalities)}, but the backbone '
                f'returned {sorted(features)}: missing {missing}'
            )
        projected = {}
        for name, layers in self.projections.items():
            if len(features[name]) != len(layers):
                raise ValueError(
                    f'MDFNeck: in_channels has {len(layers)} levels, but the '
                    f'backbone returned {len(features[name])} for {name}: '
                    'make both equal'
                )
            projected[name] = [
                layer(x)
                for layer, x in zip(layers, features[name], strict=True)
            ]
        return projected

    def _fuse(
        self, projected: Mapping[str, Sequence[Tensor]]
    ) -> tuple[Pyramid, list[Tensor | None]]:
        maps, differences = [], []
        for fusion, scan, a, b in zip(
            self.fusions, self.scans, *projected.values(), strict=True
        ):
            fused, difference = fusion(a, b)
            maps.append(scan_map(scan, fused))
            differences.append(difference)
        return self.path(maps), differences

    def _enhance(
        self,
        projected: Mapping[str, Sequence[Tensor]],
        differences: Sequence[Tensor | None],
    ) -> dict[str, Pyramid]:
        return {
            name: path(projected[name], differences)
            for name, path in self.enhancement.items()
        }


def _initialisation() -> list[dict]:
    uniform = dict(distribution='uniform', bias=0)
    return [
        dict(type='Kaiming', layer='Conv2d', mode='fan_in', **uniform),
        dict(type='Xavier', layer='Linear', **uniform),
    ]
