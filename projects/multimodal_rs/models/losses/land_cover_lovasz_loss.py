"""Lovász loss of batches with few labelled pixels, or none."""

from collections.abc import Sequence

import torch
from mmseg.models.losses.lovasz_loss import LovaszLoss
from mmseg.registry import MODELS
from torch import Tensor

from multimodal_rs.models.losses.single_pixels import refuse_single_pixels
from multimodal_rs.utils.labels import IGNORED


@MODELS.register_module()
class LandCoverLovaszLoss(LovaszLoss):
    """mmseg's multi-class Lovász loss over a batch, 0 if no pixel counts.

    mmseg's ``LovaszLoss(reduction='none')`` is not a number for a batch
    without a label, which the head of a modality meets where no sample of a
    batch has the modality, and fails if a single pixel has a label. Otherwise
    both are equal.

    Args:
        classes (str | Sequence[int]): ``'present'``: mean over the classes
            that have a label; ``'all'``: over all; or over those named.
        class_weight (Sequence[float], optional): One factor per class.
        loss_weight (float): Factor.
        loss_name (str): Key in the log; must begin with ``loss_``.
    """

    def __init__(
        self,
        classes: str | Sequence[int] = 'present',
        class_weight: Sequence[float] | None = None,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_lovasz',
    ) -> None:
        super().__init__(
            classes=classes if isinstance(classes, str) else list(classes),
            reduction='none',
            class_weight=class_weight,
            loss_weight=loss_weight,
            loss_name=loss_name,
        )

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = IGNORED,
        reduction_override: str | None = None,
    ) -> Tensor:
        """Compute the loss as mmseg's heads call it.

        Args:
            cls_score: Logits (B, K, H, W).
            label: (B, H, W) int64, 0 to K - 1, or ``ignore_index``.
            weight: (B, H, W) of mmseg's pixel samplers: where it is 0, a
                pixel does not count. None: all count.
            ignore_index: Label of pixels that do not count.
            reduction_override: None; there is no loss of a single pixel.

        Returns:
            Scalar, in float32 or the wider dtype of the logits.

        Raises:
            ValueError: If a pixel sampler asks for the loss of each pixel.
        """
        refuse_single_pixels(type(self).__name__, reduction_override)
        dtype = torch.promote_types(cls_score.dtype, torch.float32)
        counted = label != ignore_index
        if weight is not None:
            counted = counted & (weight > 0)
        if not counted.any():
            return cls_score.sum(dtype=dtype) * 0
        pixels = cls_score.movedim(1, -1)[counted].to(dtype)  # (N, K)
        return super().forward(
            pixels.T[None, :, None],
            label[counted][None, None],
            ignore_index=None,
        )
