"""Segmentor that classifies the pixel in the middle of a window."""

from collections.abc import Mapping, Sequence

import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.models.multi_modal_model import (
    Inputs,
    image_size,
)
from multimodal_rs.models.neighbourhood import WANTED
from multimodal_rs.models.segmentors.multi_modal_encoder_decoder import (
    MultiModalEncoderDecoder,
)
from multimodal_rs.utils.labels import IGNORED

BATCH = 4096


@MODELS.register_module()
class PixelWindowClassifier(MultiModalEncoderDecoder):
    """Say what a pixel is from the window around it.

    The habit of hyperspectral classification: a network reads a small window
    and gives one answer, for the pixel in its middle. Parts and their
    contracts are those of :class:`MultiModalEncoderDecoder`, missing
    modalities included; the decode head ends with one answer, (B, K, 1, 1),
    as :class:`WindowHead` does.

    - Training reads windows, and labels of 1x1.
    - An image is a window, and gets one answer, if it is as large as one and
      its sample says ``ori_shape=(1, 1)``, as those of windows do.
    - Any other image is a scene: it is mirrored beyond its border (the pixel
      at the edge is repeated) and every pixel gets the answer of its window.
      Windows are taken batch by batch from a view of the image; they never
      exist all at once.

    An answer depends on its window alone, ``margin = window // 2``: maps of
    scenes larger than the memory are those of the whole scene, and each pixel
    is classified once (see :mod:`multimodal_rs.models.neighbourhood`).

    Note:
        In tests a scene has a modality everywhere or nowhere: a window in
        which nothing of it is valid is read with the mean there. In training
        such a window lacks the modality, and in maps
        (``tools/infer_scene.py``) each pixel is answered by the modalities
        that are valid there.

    Args:
        backbone (dict): See :class:`MultiModalEncoderDecoder`, as all
            arguments but ``window``.
        decode_head (dict): One that answers once per window.
        window (int): Rows and columns of a window, odd.
        neck (dict | list[dict], optional): Fusion neck, or it and others.
        modality_heads (dict, optional): Decode head config per modality.
        auxiliary_head (dict | list[dict], optional): On the fused pyramid.
        train_cfg (dict, optional): Passed to the heads.
        test_cfg (dict, optional): ``batch``, how many windows of a scene are
            classified at once (4096); ``labelled_only=True``: in tests only
            pixels with a label are classified, which is what counts, and a
            small part of a scene with sparse labels. The predicted map means
            nothing elsewhere. Maps of scenes do not depend on it.
        data_preprocessor (dict, optional): Config.
        init_cfg (dict, optional): mmengine initialisation config.

    Raises:
        ValueError: If ``window`` is even, or ``test_cfg`` cuts scenes into
            crops, at whose borders a window would not see its surroundings.
    """

    def __init__(
        self,
        backbone: Mapping,
        decode_head: Mapping,
        window: int = 11,
        neck: Mapping | None = None,
        modality_heads: Mapping[str, Mapping] | None = None,
        auxiliary_head: Mapping | list | None = None,
        train_cfg: Mapping | None = None,
        test_cfg: Mapping | None = None,
        data_preprocessor: Mapping | None = None,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(
            backbone=backbone,
            decode_head=decode_head,
            neck=neck,
            modality_heads=modality_heads,
            auxiliary_head=auxiliary_head,
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        if window < 1 or window % 2 == 0:
            raise ValueError(
                f'{type(self).__name__}: window must be odd, so that it has a '
                f'pixel in its middle, got {window}'
            )
        if self.test_cfg.get('mode', 'whole') != 'whole':
            raise ValueError(
                f'{type(self).__name__}: test_cfg.mode must be "whole", got '
                f'{self.test_cfg.mode!r}: scenes are classified in batches of '
                'windows anyway, see test_cfg.batch'
            )
        self.window = window
        self.test_cfg.setdefault('mode', 'whole')
        self.batch = self.test_cfg.get('batch', BATCH)

    @property
    def margin(self) -> int:
        """Pixels that are seen in every direction."""
        return self.window // 2

    def loss(
        self, inputs: Inputs, data_samples: Sequence[SegDataSample]
    ) -> dict[str, Tensor]:
        """Compute the losses of all heads.

        Args:
            inputs: (B, C_m, w, w) for every modality, black where absent.
            data_samples: With ``gt_sem_seg`` (1, 1, 1).

        Raises:
            ValueError: If the images are no windows.
        """
        self.check_windows(inputs)
        return super().loss(inputs, data_samples)

    def check_windows(self, inputs: Inputs) -> None:
        """Refuse training images that are no windows.

        Raises:
            ValueError: With their size.
        """
        size = image_size(inputs)
        if size != (self.window, self.window):
            raise ValueError(
                f'{type(self).__name__}: training reads windows of '
                f'{self.window}x{self.window} pixels, got {size}: set '
                f'windows={self.window} of a SparseSceneDataset, or take '
                'another segmentor for dense training'
            )

    def metas_of(
        self, inputs: Inputs, samples: Sequence[SegDataSample] | None
    ) -> list[dict]:
        """Say also which pixels of each scene are wanted, if not all are."""
        metas = super().metas_of(inputs, samples)
        if samples is None or not self.test_cfg.get('labelled_only'):
            return metas
        return [
            {**meta, WANTED: sample.gt_sem_seg.data[0] != IGNORED}
            if 'gt_sem_seg' in sample
            else meta
            for meta, sample in zip(metas, samples, strict=True)
        ]

    def encode_decode(
        self, inputs: Inputs, batch_img_metas: Sequence[Mapping]
    ) -> Tensor:
        """Classify windows, or every pixel of scenes.

        Args:
            inputs: (B, C_m, H, W), normalised, for some or all modalities.
            batch_img_metas: One per sample; ``present_modalities``,
                ``ori_shape`` and, of scenes, ``wanted_pixels`` count.

        Returns:
            Logits: (B, K, 1, 1) of windows, (B, K, H, W) of scenes; 0 where
            nobody asks.

        Raises:
            KeyError: If a modality is unknown to the network.
            ValueError: If a sample has none of its modalities.
        """
        inputs = self.select(inputs)
        single = tuple(batch_img_metas[0].get('ori_shape', ())) == (1, 1)
        if single and image_size(inputs) == (self.window, self.window):
            return super().encode_decode(inputs, batch_img_metas)
        rows = range(len(next(iter(inputs.values()))))
        return torch.stack(
            [
                self._classify_scene(
                    {m: x[row] for m, x in inputs.items()},
                    # mmseg accepts a single meta for a whole batch
                    batch_img_metas[min(row, len(batch_img_metas) - 1)],
                )
                for row in rows
            ]
        )

    def _classify_scene(
        self, scene: Mapping[str, Tensor], meta: Mapping
    ) -> Tensor:
        """Classify a scene, (C_m, H, W) each: logits (K, H, W)."""
        as_batch = {m: x[None] for m, x in scene.items()}
        present = next(iter(self._group_by_presence(as_batch, [meta])))
        views = {m: window_view(scene[m], self.window) for m in present}
        height, width = image_size(as_batch)
        device = views[present[0]].device
        pixels = torch.arange(height * width, device=device)
        if WANTED in meta:
            wanted = _enlarged(meta[WANTED].to(device), (height, width))
            pixels = pixels[wanted.flatten()]
        logits = None
        for part in pixels.split(self.batch):
            rows, columns = part // width, part % width
            windows = {m: view[rows, columns] for m, view in views.items()}
            answer = self._answer(windows, present)[..., 0, 0]  # (n, K)
            if logits is None:
                number = answer.shape[1]
                logits = answer.new_zeros(height * width, number)
            logits[part] = answer
        if logits is None:  # no pixel is wanted
            head = self.decode_head
            logits = torch.zeros(
                height * width, head.out_channels, device=device
            )
        return logits.T.reshape(-1, height, width)

    def _logits(
        self,
        head: nn.Module,
        features: Sequence[Tensor],
        size: tuple[int, int],
    ) -> Tensor:
        logits = head(features)
        if logits.shape[2:] != (1, 1):
            raise ValueError(
                f'{type(self).__name__}: {type(head).__name__} answered with '
                f'(B, K, H, W) = {tuple(logits.shape)}, expected one answer '
                'per window, (B, K, 1, 1): use WindowHead, or end the neck at '
                '1x1'
            )
        return logits


def window_view(image: Tensor, window: int) -> Tensor:
    """Show an image as the windows around its pixels, without copying them.

    Args:
        image: (C, H, W). Beyond its border it goes on as its mirror image,
            in which the pixel at the edge is repeated (numpy's 'symmetric').
        window: Rows and columns of a window, odd.

    Returns:
        (H, W, C, window, window), a view of the enlarged image.
    """
    margin = window // 2
    for dim in (1, 2):
        index = _mirrored(image.shape[dim], margin).to(image.device)
        image = image.index_select(dim, index)
    view = image.unfold(1, window, 1).unfold(2, window, 1)
    return view.permute(1, 2, 0, 3, 4)


def _mirrored(length: int, margin: int) -> Tensor:
    """Indices of an axis with a mirrored margin at both ends."""
    index = torch.arange(-margin, length + margin) % (2 * length)
    return torch.where(index < length, index, 2 * length - 1 - index)


def _enlarged(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """(H, W) bool at the size of a padded image: the padding is not wanted."""
    bottom, right = (n - m for n, m in zip(size, mask.shape, strict=True))
    return functional.pad(mask, (0, right, 0, bottom))
