"""Models of several modalities: what they share."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModel, Sequential
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from multimodal_rs.models.declaration import (
    Modalities,
    check_declared,
    with_bands,
    with_fused_classes,
    with_modalities,
)
from multimodal_rs.models.layers.presence import Presence

Inputs = dict[str, Tensor]
Pyramid = tuple[Tensor, ...]


class MultiModalModel(BaseModel):
    """Select, complete, encode and fuse named modalities.

    A base for segmentors, masked pretraining and whatever else trains a
    backbone and a neck on a dict of images. It has no constructor of its own
    and assumes nothing about losses and optimisers. A subclass builds its
    preprocessor first, with :meth:`build_preprocessor`, then calls
    :meth:`build_streams`.

    Attributes:
        modalities: Names that the backbone reads.
        declared: Names that the data has; what the backbone does not read is
            left out, so that a single-modality baseline runs on the same
            data.
        margin: Pixels in every direction that an answer depends on; None:
            not known. See :mod:`multimodal_rs.models.neighbourhood`.
    """

    margin: int | None = None

    @staticmethod
    def build_preprocessor(
        config: Mapping | nn.Module | None,
    ) -> nn.Module | None:
        """Build the preprocessor, which knows the declaration of the data."""
        return MODELS.build(config) if isinstance(config, Mapping) else config

    def build_streams(
        self, backbone: Mapping, neck: Mapping | Sequence[Mapping] | None
    ) -> None:
        """Build backbone and neck.

        ``in_channels`` of the backbone and ``modalities`` of the fusion neck
        come from the declaration, see :mod:`multimodal_rs.models.declaration`.

        Args:
            backbone: Config; the module has ``modalities``.
            neck: Config of a fusion neck, ``{m: pyramid} -> pyramid``; or a
                sequence of them, of which the first fuses and the others,
                any mmseg necks, are applied to the fused pyramid. After a
                backbone that returns a single pyramid all of them are applied
                to that.

        Raises:
            KeyError: If the backbone reads what the data does not have.
            ValueError: If a config contradicts the declaration.
        """
        self.backbone = MODELS.build(with_bands(backbone, self.declarations))
        self.modalities = tuple(self.backbone.modalities)
        self.declared = tuple(self.declarations or self.modalities)
        check_declared(self.modalities, self.declared, type(self).__name__)
        unread = [m for m in self.declared if m not in self.modalities]
        if unread:
            print_log(
                f'{unread}: declared by the data, but no branch of the '
                f'backbone reads them; it reads {list(self.modalities)}',
                'current',
            )
        if isinstance(neck, Mapping):
            self.neck = MODELS.build(self._declared(neck, 'neck'))
        elif neck:
            first, *further = neck
            first = self._declared(first, 'neck[0]')
            self.neck = MODELS.build([first, *further])
        else:
            self.neck = None

    def _declared(self, neck: Mapping, where: str) -> dict:
        """Complete the config of a fusion neck from the declaration."""
        neck = with_modalities(neck, self.modalities, where)
        return with_fused_classes(neck, self.num_classes_declared, where)

    @property
    def declarations(self) -> Modalities:
        """The declarations of the data; empty without our preprocessor."""
        return getattr(self.data_preprocessor, 'modalities', {})

    @property
    def num_classes_declared(self) -> int | None:
        """Number of classes of the data; None: not declared."""
        return getattr(self.data_preprocessor, 'num_classes', None)

    @property
    def fusion(self) -> nn.Module | None:
        """The only neck, or the first of several."""
        several = isinstance(self.neck, Sequential)
        return self.neck[0] if several else self.neck

    @property
    def accepts_subsets(self) -> bool:
        """Whether the backbone runs on some of its modalities."""
        return getattr(self.backbone, 'accepts_subsets', False)

    def select(self, inputs: Inputs) -> Inputs:
        """Leave out what the backbone does not read, and put it in order.

        Args:
            inputs: (B, C_m, H, W) for some or all modalities of the data.

        Raises:
            KeyError: If the data has no such modality.
        """
        unknown = sorted(set(inputs) - set(self.declared))
        if unknown:
            raise KeyError(
                f'{type(self).__name__}: unknown modality {unknown}, the data '
                f'has {list(self.declared)}'
            )
        return {m: inputs[m] for m in self.modalities if m in inputs}

    def complete(self, inputs: Inputs) -> Inputs:
        """Put black images where a modality is missing.

        Args:
            inputs: (B, C_m, H, W) for at least one modality.

        Returns:
            (B, C_m, H, W) for all that the backbone reads.
        """
        like = next(iter(inputs.values()))
        return {
            m: inputs[m]
            if m in inputs
            else self.data_preprocessor.missing_image(m, like)
            for m in self.modalities
        }

    def encode(self, inputs: Inputs) -> dict[str, Pyramid]:
        """Run the backbone on what is there, if it can, else with black."""
        if self.accepts_subsets:
            return self.backbone(inputs)
        batch = len(next(iter(inputs.values())))
        presence = self.presence([tuple(inputs)] * batch, inputs)
        return self.encode_all(self.complete(inputs), presence)

    def encode_all(
        self, inputs: Inputs, presence: Presence | None = None
    ) -> dict[str, Pyramid]:
        """Run the backbone on all that it reads, black where missing.

        Args:
            inputs: (B, C_m, H, W) for every modality.
            presence: See :meth:`presence`. Only a backbone with
                ``uses_presence = True`` gets it, as its second argument.
        """
        if getattr(self.backbone, 'uses_presence', False):
            return self.backbone(inputs, presence)
        return self.backbone(inputs)

    def presence(
        self, present: Sequence[Sequence[str]], inputs: Inputs
    ) -> Presence | None:
        """Say which samples have which modality, for necks that ask.

        Args:
            present: For each sample the names of what it has.
            inputs: The images, for their device.

        Returns:
            (B,) bool per modality; None: all samples have all of them.

        Raises:
            ValueError: If a sample has none of them.
        """
        rows = [[m in names for m in self.modalities] for names in present]
        if all(map(all, rows)):
            return None
        if not all(map(any, rows)):
            raise ValueError(
                f'{type(self).__name__}: samples have {list(present)}, '
                f'expected of each at least one of {list(self.modalities)}'
            )
        device = next(iter(inputs.values())).device
        columns = torch.tensor(rows, device=device).unbind(dim=1)
        return dict(zip(self.modalities, columns, strict=True))

    def fuse(
        self,
        pyramids: Mapping[str, Pyramid],
        presence: Presence | None = None,
    ) -> Pyramid:
        """Apply all necks.

        Args:
            pyramids: What the backbone returned for all modalities, of black
                images where one is missing.
            presence: See :meth:`presence`. Only a fusion neck with
                ``uses_presence = True`` gets it, as its second argument.

        Returns:
            The fused pyramid.

        Raises:
            ValueError: If there are several pyramids and no neck.
        """
        fuses = hasattr(self.fusion, 'modalities')
        if self.neck is not None and (fuses or len(pyramids) > 1):
            if getattr(self.fusion, 'uses_presence', False):
                return self._apply_further(self.fusion(pyramids, presence))
            return self.neck(pyramids)
        if len(pyramids) != 1:
            raise ValueError(
                f'{type(self).__name__}: the backbone returned '
                f'{list(pyramids)}, but there is no neck that fuses them: '
                'set `neck`'
            )
        pyramid = next(iter(pyramids.values()))
        return pyramid if self.neck is None else self.neck(pyramid)

    def fuse_and_refine(
        self, pyramids: Mapping[str, Pyramid]
    ) -> tuple[Pyramid, dict[str, Pyramid]]:
        """Apply all necks, of which the first also refines each modality."""
        fused, refined = self.fusion.fuse_and_refine(pyramids)
        return self._apply_further(fused), refined

    def fuse_with_losses(
        self,
        pyramids: Mapping[str, Pyramid],
        samples: Sequence[SegDataSample],
        presence: Presence | None,
    ) -> tuple[Pyramid, dict[str, Tensor]]:
        """Apply all necks, of which the first also has losses of its own."""
        fused, losses = self.fusion.fuse_with_losses(
            pyramids, samples, presence
        )
        return self._apply_further(fused), losses

    def metas_of(
        self, inputs: Inputs, samples: Sequence[SegDataSample] | None
    ) -> list[dict]:
        """Metainfo of samples; without samples, that of images as they are."""
        if samples is not None:
            return [s.metainfo for s in samples]
        size = image_size(inputs)
        batch = len(next(iter(inputs.values())))
        return [dict(ori_shape=size, img_shape=size, pad_shape=size)] * batch

    def _apply_further(self, fused: Pyramid) -> Pyramid:
        """Apply the necks behind the one that fuses."""
        further = self.neck[1:] if isinstance(self.neck, Sequential) else ()
        for neck in further:
            fused = neck(fused)
        return fused


def image_size(inputs: Mapping[str, Tensor]) -> tuple[int, int]:
    """(H, W) of images (B, C_m, H, W), which share one grid."""
    return tuple(next(iter(inputs.values())).shape[2:])


def mean_answer(logits: Mapping[str, Tensor]) -> Tensor:
    """Average class probabilities.

    Args:
        logits: (B, K, H, W) of each modality.

    Returns:
        Logits (B, K, H, W) of the mean.
    """
    if len(logits) == 1:
        return next(iter(logits.values()))
    # log of the mean probability, up to a constant that no softmax sees
    return torch.stack(
        [x.log_softmax(dim=1) for x in logits.values()]
    ).logsumexp(dim=0)
