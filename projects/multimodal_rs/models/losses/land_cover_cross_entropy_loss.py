"""Cross entropy over the pixels that have a label."""

from collections.abc import Sequence

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.utils.labels import IGNORED


def land_cover_cross_entropy(
    logits: Tensor,
    label: Tensor,
    weight: Tensor,
    label_smoothing: float = 0.0,
    gamma: float = 0.0,
) -> Tensor:
    """Return sum(w l) / sum(w) over all pixels, 0 if no pixel counts.

    The arguments are those of :func:`pixel_cross_entropy`, which computes
    w l.

    Returns:
        Scalar >= 0.
    """
    loss = pixel_cross_entropy(logits, label, weight, label_smoothing, gamma)
    total = weight.to(loss.dtype).sum()
    return loss.sum() / total.where(total > 0, 1)


def pixel_cross_entropy(
    logits: Tensor,
    label: Tensor,
    weight: Tensor,
    label_smoothing: float = 0.0,
    gamma: float = 0.0,
) -> Tensor:
    """Return w l of each pixel.

    With the probability p of the pixel's class, l = (1 - p)^gamma (-log p).

    Args:
        logits: (B, K, H, W).
        label: (B, H, W) int64, 0 to K - 1 where the weight is not 0.
        weight: (B, H, W), w >= 0; 0 where a pixel is not counted.
        label_smoothing: Share of the target spread over all classes.
        gamma: Exponent of the focal term; 0 is the plain cross entropy.

    Returns:
        (B, H, W), >= 0.
    """
    dtype = torch.promote_types(logits.dtype, torch.float32)
    weight = weight.to(dtype)
    label = label.masked_fill(weight == 0, 0)
    loss = functional.cross_entropy(
        logits.to(dtype),
        label,
        reduction='none',
        label_smoothing=label_smoothing,
    )
    if gamma:
        # 1 - p; above 0, where a power below 1 has no finite gradient.
        wrong = (-torch.expm1(-loss)).clamp(min=torch.finfo(dtype).eps)
        loss = loss * wrong**gamma
    return loss * weight


@MODELS.register_module()
class LandCoverCrossEntropyLoss(nn.Module):
    """Cross entropy with class weights, label smoothing and a focal term.

    Ignored pixels are not counted: without weights it equals mmseg's
    ``CrossEntropyLoss`` with ``avg_non_ignore=True``. With class weights the
    sum of w l is divided by the sum of w, where w is the weight of a pixel's
    class; mmseg's fails there on ignored pixels. A focal term follows Lin et
    al., "Focal loss for dense object detection", ICCV 2017, over a softmax,
    with the class weights as alpha.

    A Lovász term stands beside it: ``loss_decode=[dict(type=
    'LandCoverCrossEntropyLoss'), dict(type='LandCoverLovaszLoss')]``.

    Args:
        class_weight (Sequence[float], optional): One weight per class, >= 0,
            at least one of them > 0; ``data_prep`` computes some.
        label_smoothing (float): In [0, 1): share of the target that is spread
            over all classes. Not together with ``gamma``.
        gamma (float): Exponent of the focal term, >= 0; usual is 2.
        loss_weight (float): Factor.
        loss_name (str): Key in the log; must begin with ``loss_``.

    Raises:
        ValueError: If an argument is out of its range, or the logits have
            another number of classes than ``class_weight``.
    """

    def __init__(
        self,
        class_weight: Sequence[float] | None = None,
        label_smoothing: float = 0.0,
        gamma: float = 0.0,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_ce',
    ) -> None:
        super().__init__()
        who = type(self).__name__
        if not 0 <= label_smoothing < 1 or gamma < 0:
            raise ValueError(
                f'{who}: label_smoothing must be in [0, 1) and gamma at least '
                f'0, got {label_smoothing} and {gamma}'
            )
        if label_smoothing and gamma:
            raise ValueError(
                f'{who}: label_smoothing={label_smoothing} and gamma={gamma} '
                'contradict each other (there is no probability of a smoothed '
                'target): set one of them to 0'
            )
        if class_weight is not None:
            class_weight = torch.tensor([float(w) for w in class_weight])
            if not (class_weight >= 0).all() or not class_weight.sum() > 0:
                raise ValueError(
                    f'{who}: class_weight must be at least 0 for every class '
                    f'and above it for one, got {class_weight.tolist()}'
                )
        # Not in checkpoints, which fit whatever the loss was.
        self.register_buffer('class_weight', class_weight, persistent=False)
        self.label_smoothing = label_smoothing
        self.gamma = gamma
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(
        self,
        seg_logits: Tensor,
        seg_label: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = IGNORED,
        reduction_override: str | None = None,
    ) -> Tensor:
        """Compute the loss as mmseg's heads call it.

        Args:
            seg_logits: (B, K, H, W).
            seg_label: (B, H, W) int64, 0 to K - 1, or ``ignore_index``.
            weight: (B, H, W) of mmseg's pixel samplers, or None.
            ignore_index: Label of pixels that do not count.
            reduction_override: ``'none'``, by which mmseg's pixel samplers
                ask for the loss of each pixel; None: one for all.

        Returns:
            Scalar; (B, H, W) for ``'none'``, 0 where a pixel does not count.

        Raises:
            ValueError: For any other ``reduction_override``.
        """
        if reduction_override not in (None, 'none'):
            raise ValueError(
                f'{type(self).__name__}: reduction_override must be None or '
                f"'none', got {reduction_override!r}"
            )
        counted = seg_label != ignore_index
        pixels = counted.float()
        if self.class_weight is not None:
            if len(self.class_weight) != seg_logits.shape[1]:
                raise ValueError(
                    f'{type(self).__name__}: class_weight has '
                    f'{len(self.class_weight)} entries, the network '
                    f'{seg_logits.shape[1]} classes: give one weight per class'
                )
            classes = seg_label.masked_fill(~counted, 0)
            pixels = pixels * self.class_weight[classes]
        if weight is not None:
            pixels = pixels * weight
        reduced = reduction_override is None
        loss = land_cover_cross_entropy if reduced else pixel_cross_entropy
        return self.loss_weight * loss(
            seg_logits, seg_label, pixels, self.label_smoothing, self.gamma
        )
