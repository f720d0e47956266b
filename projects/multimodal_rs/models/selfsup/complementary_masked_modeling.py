"""Masked pretraining of a multimodal encoder-decoder."""

import inspect
from collections.abc import Mapping, Sequence

import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.models.backbones.parallel_backbones import hide_pixels
from multimodal_rs.models.declaration import with_classes
from multimodal_rs.models.multi_modal_model import MultiModalModel, image_size
from multimodal_rs.utils.finite import check_answers
from multimodal_rs.utils.masks import mask_size

Maps = dict[str, Tensor]


@MODELS.register_module()
class ComplementaryMaskedModeling(MultiModalModel):
    """CMSS: reconstruct each modality where only the others are visible.

    "MCF-Mamba", JAG 2025, vol. 145, 104960. Takes the config of a
    :class:`MultiModalEncoderDecoder` with nothing but ``type`` changed (and
    ``loss`` added, if wanted): backbone, neck and decode head are those that
    are to be fine-tuned, under the same names. Only the head's last
    convolution, ``conv_seg``, is replaced by one with a channel per band. It
    is called ``reconstruction``, so that a segmentor that loads the
    checkpoint takes everything else and starts its own classifier anew, even
    if there happen to be as many classes as bands.

    The masks come with the data samples, see :class:`ComplementaryMask`. The
    target is the input of the network: the units after the value transforms
    and, where a data set declares them, mean and std.

    Args:
        backbone (dict): Config; the module has ``modalities`` and
            ``forward(inputs, masks)``, as :class:`ParallelBackbones`.
        decode_head (dict): Any mmseg decode head that ends in ``cls_seg``.
        neck (dict | list[dict], optional): Fusion neck, or it and others.
        loss (dict, optional): Config; None: :class:`MaskedReconstructionLoss`
            as in the authors' code.
        modality_heads (dict, optional): Of the segmentor. Not built: their
            branches are pretrained, they are not.
        auxiliary_head (dict | list[dict], optional): Likewise.
        train_cfg (dict, optional): Of the segmentor. Not used.
        test_cfg (dict, optional): Of the segmentor. Not used: the whole image
            is reconstructed at once.
        data_preprocessor (dict, optional): Config; its ``modalities`` say
            how many bands there are.
        init_cfg (dict, optional): mmengine initialisation config.

    Raises:
        ValueError: If the backbone takes no masks.
    """

    def __init__(
        self,
        backbone: Mapping,
        decode_head: Mapping,
        neck: Mapping | None = None,
        loss: Mapping | None = None,
        modality_heads: Mapping[str, Mapping] | None = None,
        auxiliary_head: Mapping | list | None = None,
        train_cfg: Mapping | None = None,
        test_cfg: Mapping | None = None,
        data_preprocessor: Mapping | None = None,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(self.build_preprocessor(data_preprocessor), init_cfg)
        self.build_streams(backbone, neck)
        self._require_masks()
        self.bands = self._count_bands()
        number = self.num_classes_declared
        if number is None and decode_head.get('num_classes') is None:
            # Data without classes: the classifier is replaced anyway.
            number = sum(self.bands.values())
        self.decode_head = MODELS.build(
            with_classes(decode_head, number, 'decode_head')
        )
        loss = loss or dict(type='MaskedReconstructionLoss')
        self.reconstruction_loss = MODELS.build(loss)
        self.reconstruction = self._replace_classifier()

    def forward(
        self,
        inputs: Maps,
        data_samples: Sequence[SegDataSample] | None = None,
        mode: str = 'tensor',
    ) -> Maps | list[SegDataSample]:
        """Run one of mmengine's three modes.

        Args:
            inputs: (B, C_m, H, W), normalised, for every modality.
            data_samples: With ``hidden`` and ``valid``; not needed by
                ``'tensor'``, which hides nothing.
            mode: ``'loss'``, ``'predict'`` or ``'tensor'``.

        Returns:
            The losses, the samples with their reconstruction, or the
            reconstructions.
        """
        inputs = self.select(inputs)
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.reconstruct(inputs)
        raise RuntimeError(
            f'{type(self).__name__}: unknown mode {mode!r}, expected loss, '
            'predict or tensor'
        )

    def reconstruct(self, inputs: Maps, hidden: Maps | None = None) -> Maps:
        """Encode what is visible and decode all bands.

        Args:
            inputs: (B, C_m, H, W) per modality.
            hidden: (B, 1, h, w) per modality, 1 = hidden. None hides nothing.

        Returns:
            (B, C_m, H, W) per modality.
        """
        features = self.fuse(self.backbone(inputs, hidden))
        maps = self.reconstruction(self.decode_head(features))
        size = image_size(inputs)
        # Each head knows how its maps get to the size of the image.
        metas = [dict(img_shape=size, pad_shape=size, ori_shape=size)]
        maps = self.decode_head.predict_by_feat(maps, metas * len(maps))
        parts = maps.split(list(self.bands.values()), dim=1)
        return dict(zip(self.bands, parts, strict=True))

    def loss(
        self, inputs: Maps, data_samples: Sequence[SegDataSample]
    ) -> Maps:
        """Compare with the input where it was hidden and valid.

        Returns:
            ``loss_<modality>``.
        """
        hidden = self._gather(inputs, data_samples, 'hidden')
        valid = self._gather(inputs, data_samples, 'valid')
        predictions = self.reconstruct(inputs, hidden)
        pixels = {
            m: hidden_pixels(x, image_size(inputs)) for m, x in hidden.items()
        }
        return self.reconstruction_loss(predictions, inputs, pixels, valid)

    def predict(
        self, inputs: Maps, data_samples: Sequence[SegDataSample]
    ) -> list[SegDataSample]:
        """Reconstruct and record what it is to be compared with.

        Returns:
            The samples with ``reconstruction`` and ``target``, (C_m, H, W)
            in normalised units, and ``counted``, (1, H, W) bool, the hidden
            and valid pixels; per modality, at the size before padding.

        Raises:
            FloatingPointError: If it is not finite, with the samples.
        """
        hidden = self._gather(inputs, data_samples, 'hidden')
        predictions = self.reconstruct(inputs, hidden)
        check_answers(predictions, data_samples)
        valid = self._gather(inputs, data_samples, 'valid')
        counted = {
            m: hidden_pixels(x, image_size(inputs)).bool() & valid[m]
            for m, x in hidden.items()
        }
        for i, sample in enumerate(data_samples):
            height, width = sample.valid.shape
            for field, maps in (
                ('reconstruction', predictions),
                ('target', inputs),
                ('counted', counted),
            ):
                cut = {m: x[i, :, :height, :width] for m, x in maps.items()}
                sample.set_data({field: PixelData(**cut)})
        return list(data_samples)

    def _require_masks(self) -> None:
        """Refuse a backbone that would see what is to be hidden."""
        forward = self.backbone.forward
        if 'masks' not in inspect.signature(forward).parameters:
            raise ValueError(
                f'{type(self).__name__}: the backbone '
                f'{type(self.backbone).__name__} takes no `masks`, so that '
                'nothing could be hidden from it: pretrain a network over '
                'ParallelBackbones or StackedBackbone'
            )

    def _count_bands(self) -> dict[str, int]:
        if not self.declarations:
            raise KeyError(
                f'{type(self).__name__}: nobody says how many bands '
                f'{list(self.modalities)} have: set `data_preprocessor` to '
                'the MultiModalSegDataPreProcessor of the data set'
            )
        return {m: self.declarations[m].channels for m in self.modalities}

    def _replace_classifier(self) -> nn.Conv2d:
        """Take the head's last convolution out and make one for the bands."""
        old = getattr(self.decode_head, 'conv_seg', None)
        if not isinstance(old, nn.Conv2d):
            raise ValueError(
                f'{type(self).__name__}: the decode head '
                f'{type(self.decode_head).__name__} must end in a convolution '
                f'`conv_seg`, got {old}: choose another head'
            )
        self.decode_head.conv_seg = nn.Identity()
        return nn.Conv2d(
            old.in_channels,
            sum(self.bands.values()),
            old.kernel_size,
            padding=old.padding,
            bias=old.bias is not None,
        )

    def select(self, inputs: Maps) -> Maps:
        """Leave out what the backbone does not read; nothing may lack.

        Raises:
            KeyError: If a modality is missing.
        """
        missing = [m for m in self.modalities if m not in inputs]
        if missing:
            raise KeyError(
                f'{type(self).__name__}: no input for {missing}, got '
                f'{list(inputs)}'
            )
        return super().select(inputs)

    def _gather(
        self,
        inputs: Maps,
        samples: Sequence[SegDataSample] | None,
        field: str,
    ) -> Maps:
        """Batch ``hidden`` or ``valid`` of the samples, padded with 0."""
        if not samples or any(field not in s for s in samples):
            raise KeyError(
                f'{type(self).__name__}: the data samples have no field '
                f'{field!r}: make ComplementaryMask the last transform of the '
                'pipeline'
            )
        height, width = image_size(inputs)
        if field == 'hidden':
            height, width = mask_size((height, width))
        batches = {m: [] for m in self.modalities}
        for sample in samples:
            maps = getattr(sample, field)
            missing = [m for m in self.modalities if m not in maps]
            if missing:
                raise KeyError(
                    f'{type(self).__name__}: ComplementaryMask drew no masks '
                    f'for {missing}, only for {list(maps.keys())}'
                )
            padding = (0, width - maps.shape[1], 0, height - maps.shape[0])
            for m, batch in batches.items():
                batch.append(functional.pad(getattr(maps, m), padding))
        return {m: torch.stack(batch) for m, batch in batches.items()}


def hidden_pixels(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """Enlarge masks as the backbones do.

    Args:
        mask: (B, 1, h, w), 1 = hidden.
        size: (H, W) of the image.

    Returns:
        (B, 1, H, W), 1 = hidden.
    """
    return 1 - hide_pixels(mask.new_ones(len(mask), 1, *size), mask)
