"""Accuracy measures of a confusion matrix.

A matrix is (K, K) int64 with the ground truth in the rows and the prediction
in the columns, ``matrix[truth, prediction]``. All measures are float64
fractions; percent is a matter of display.

What a class counts for depends on where it occurs; NaN means undefined, and
the means leave NaN out:

===============================  ===  ===  ===  ===
class                            PA   UA   IoU  F1
===============================  ===  ===  ===  ===
in the truth and predicted       x    x    x    x
in the truth, never predicted    0    NaN  0    0
not in the truth, but predicted  NaN  0    0    0
neither                          NaN  NaN  NaN  NaN
===============================  ===  ===  ===  ===

So mPA is the mean over the classes of the truth (the AA of hyperspectral
papers), while mIoU and mF1 also count a class that was predicted although it
does not occur.
"""

import numpy as np
import torch
from numpy.typing import ArrayLike

from multimodal_rs.utils.labels import IGNORED

MEASURES = ('OA', 'kappa', 'mPA', 'mIoU', 'mF1', 'FWIoU')


def confusion_matrix(
    truth: torch.Tensor | ArrayLike,
    prediction: torch.Tensor | ArrayLike,
    num_classes: int,
    ignore_index: int = IGNORED,
) -> np.ndarray:
    """Count the pixels of every pair of true and predicted class.

    Args:
        truth: Train ids of any shape, any integer type.
        prediction: Predicted ids, same shape. What stands where the truth is
            ignored does not matter.
        num_classes: K.
        ignore_index: Train id in ``truth`` that is not counted.

    Returns:
        (K, K) int64, ``matrix[truth, prediction]``; exact.

    Raises:
        ValueError: If the shapes differ, or a counted label or prediction
            lies outside 0..K-1.
    """
    truth = torch.as_tensor(truth)
    prediction = torch.as_tensor(prediction, device=truth.device)
    if truth.shape != prediction.shape:
        raise ValueError(
            'confusion_matrix: truth and prediction must have one shape, got '
            f'{tuple(truth.shape)} and {tuple(prediction.shape)}: predict at '
            'the size of the label'
        )
    truth = truth.to(torch.int64)
    valid = truth != ignore_index
    truth = truth[valid]
    prediction = prediction[valid].to(torch.int64)
    check_classes(truth, num_classes, f'label (ignored: {ignore_index})')
    check_classes(prediction, num_classes, 'prediction')
    counts = torch.bincount(
        truth * num_classes + prediction, minlength=num_classes**2
    )
    return counts.reshape(num_classes, num_classes).cpu().numpy()


def check_classes(values: torch.Tensor, num_classes: int, what: str) -> None:
    """Check that all values are train ids.

    Args:
        values: Integers of any shape.
        num_classes: K.
        what: What the values are, for the message.

    Raises:
        ValueError: If a value lies outside 0..K-1; the message names them.
    """
    outside = values[(values < 0) | (values >= num_classes)]
    if outside.numel():
        raise ValueError(
            f'{what} must lie in 0..{num_classes - 1}, got '
            f'{torch.unique(outside)[:5].tolist()} in {outside.numel()} '
            'pixels: compare `classes` and the label `ids` of the dataset '
            'with `num_classes` of the decode head'
        )


def overall_accuracy(matrix: np.ndarray) -> float:
    """Compute the share of correct pixels (OA); NaN without pixels."""
    return _ratio(np.trace(matrix), matrix.sum()).item()


def kappa(matrix: np.ndarray) -> float:
    """Compute Cohen's kappa.

    With observed agreement p_o and agreement expected by chance p_e it is
    (p_o - p_e) / (1 - p_e), evaluated in whole numbers, so that it is exact
    up to the last division.

    Returns:
        At most 1; 0 for chance. NaN if p_e is 1, i.e. truth and prediction
        are one and the same class everywhere, or if there are no pixels:
        nothing can be said about agreement beyond chance.
    """
    truth = [int(count) for count in matrix.sum(axis=1)]
    predicted = [int(count) for count in matrix.sum(axis=0)]
    total = sum(truth)
    # In units of 1 / total**2, which int64 could not hold for large scenes.
    observed = total * int(np.trace(matrix))
    expected = sum(t * p for t, p in zip(truth, predicted, strict=True))
    if total**2 == expected:
        return float('nan')
    return (observed - expected) / (total**2 - expected)


def producer_accuracy(matrix: np.ndarray) -> np.ndarray:
    """Compute recall TP / (TP + FN) per class (PA), (K,)."""
    return _ratio(np.diag(matrix), matrix.sum(axis=1))


def user_accuracy(matrix: np.ndarray) -> np.ndarray:
    """Compute precision TP / (TP + FP) per class (UA), (K,)."""
    return _ratio(np.diag(matrix), matrix.sum(axis=0))


def intersection_over_union(matrix: np.ndarray) -> np.ndarray:
    """Compute TP / (TP + FP + FN) per class (IoU), (K,)."""
    correct = np.diag(matrix)
    return _ratio(correct, matrix.sum(axis=0) + matrix.sum(axis=1) - correct)


def f1_score(matrix: np.ndarray) -> np.ndarray:
    """Compute 2 TP / (2 TP + FP + FN) per class (F1), (K,).

    Unlike the harmonic mean of PA and UA this is 0, not undefined, for a
    class that is never predicted.
    """
    return _ratio(2 * np.diag(matrix), matrix.sum(axis=0) + matrix.sum(axis=1))


def truth_share(matrix: np.ndarray) -> np.ndarray:
    """Compute the share of the true pixels per class, (K,)."""
    return _ratio(matrix.sum(axis=1), matrix.sum())


def frequency_weighted_iou(matrix: np.ndarray) -> float:
    """Compute the IoU weighted by the true share (FWIoU); NaN if empty."""
    # A class without true pixels has weight 0, also if its IoU is NaN.
    iou = np.nan_to_num(intersection_over_union(matrix))
    return float(truth_share(matrix) @ iou)


def class_mean(values: np.ndarray) -> float:
    """Compute the mean without NaN; NaN if nothing is left."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float('nan')


def summarize(matrix: np.ndarray) -> dict[str, float]:
    """Compute all ``MEASURES``, in this order."""
    return {
        'OA': overall_accuracy(matrix),
        'kappa': kappa(matrix),
        'mPA': class_mean(producer_accuracy(matrix)),
        'mIoU': class_mean(intersection_over_union(matrix)),
        'mF1': class_mean(f1_score(matrix)),
        'FWIoU': frequency_weighted_iou(matrix),
    }


def per_class(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Compute PA, UA, IoU, F1 and the share of true pixels, (K,) each."""
    return {
        'PA': producer_accuracy(matrix),
        'UA': user_accuracy(matrix),
        'IoU': intersection_over_union(matrix),
        'F1': f1_score(matrix),
        'share': truth_share(matrix),
    }


def _ratio(numerator: ArrayLike, denominator: ArrayLike) -> np.ndarray:
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    undefined = np.full(numerator.shape, np.nan)
    return np.divide(
        numerator, denominator, out=undefined, where=denominator != 0
    )
