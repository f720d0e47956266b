"""Dice loss of all classes over a whole batch."""

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.losses.single_pixels import refuse_single_pixels

EPS = 1e-7


def batch_dice_loss(logits: Tensor, label: Tensor, weight: Tensor) -> Tensor:
    """Return 1 - Dice, averaged over the classes.

    With class probabilities p and one-hot labels t, for each class over all
    pixels of the batch

        dice = 2 sum(w p t) / max(sum(w p + w t), eps).

    A class without a labelled pixel in the batch contributes 0 but is
    counted.

    Args:
        logits: (B, K, H, W).
        label: (B, H, W) int64, 0 to K - 1 where the weight is not 0.
        weight: (B, H, W), 0 where a pixel is not counted.

    Returns:
        Scalar in [0, 1].
    """
    dtype = torch.promote_types(logits.dtype, torch.float32)
    weight = weight[:, None].to(dtype)
    probability = logits.softmax(dim=1, dtype=dtype) * weight
    index = label[:, None].masked_fill(weight == 0, 0)
    truth = torch.zeros_like(probability).scatter(1, index, weight)
    pixels = (0, 2, 3)
    overlap = (probability * truth).sum(dim=pixels)
    labelled = truth.sum(dim=pixels)
    total = probability.sum(dim=pixels) + labelled
    loss = 1 - 2 * overlap / total.clamp(min=EPS)
    return (loss * (labelled > 0)).mean()


@MODELS.register_module()
class BatchDiceLoss(nn.Module):
    """Multi-class Dice loss over the batch, ignored pixels left out.

    Equal to the multi-class ``DiceLoss`` of segmentation_models_pytorch with
    its defaults, which MCF-Mamba is trained with, if no pixel is ignored
    (with ignored ones that loss fails). mmseg's ``DiceLoss`` is another one:
    it sums over all classes of a sample at once.

    Args:
        loss_weight (float): Factor.
        loss_name (str): Key in the log; must begin with ``loss_``.
    """

    def __init__(
        self, loss_weight: float = 1.0, loss_name: str = 'loss_dice'
    ) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(
        self,
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = 255,
        reduction_override: str | None = None,
    ) -> Tensor:
        """Compute the loss, see :func:`batch_dice_loss`.

        Args:
            pred: Logits (B, K, H, W).
            target: (B, H, W), class ids or ``ignore_index``.
            weight: (B, H, W), weight of each pixel; None: 1.
            ignore_index: Label of pixels that are not counted.
            reduction_override: None; there is no loss of a single pixel.

        Raises:
            ValueError: If a pixel sampler asks for the loss of each pixel.
        """
        refuse_single_pixels(type(self).__name__, reduction_override)
        valid = (target != ignore_index).to(pred.dtype)
        if weight is not None:
            valid = valid * weight
        return self.loss_weight * batch_dice_loss(pred, target, valid)
