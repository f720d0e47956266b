"""Measures of a confusion matrix."""

import math
import warnings

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn_metrics

from multimodal_rs.evaluation import confusion

# Rows: truth. Precision and recall differ for every class.
#            pred 0  1  2
HAND = np.array([[5, 3, 2], [1, 4, 0], [0, 2, 3]])

# Class 1 is never predicted, class 2 is predicted but absent from the truth,
# class 3 is neither.
GAPS = np.array([[6, 0, 2, 0], [3, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]])


def _labels(seed: int, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Draw a truth and a prediction that errs with a preference."""
    generator = np.random.default_rng(seed)
    shares = generator.dirichlet(np.ones(classes))
    truth = generator.choice(classes, size=(41, 37), p=shares)
    truth.flat[:classes] = np.arange(classes)
    wrong = generator.random(truth.shape) < 0.4
    prediction = np.where(wrong, np.minimum(truth + 1, classes - 1), truth)
    return truth, prediction


def test_rows_are_the_truth() -> None:
    truth = torch.tensor([[0, 0, 1], [2, 1, 0]])
    prediction = torch.tensor([[0, 2, 1], [2, 2, 2]])
    matrix = confusion.confusion_matrix(truth, prediction, 3)
    assert matrix.tolist() == [[1, 0, 2], [0, 1, 1], [0, 0, 1]]
    assert matrix.dtype == np.int64


@pytest.mark.parametrize('dtype', [torch.uint8, torch.int32, torch.int64])
def test_counts_with_any_integer_type(dtype: torch.dtype) -> None:
    truth, prediction = _labels(seed=0, classes=200)
    expected = sklearn_metrics.confusion_matrix(
        truth.ravel(), prediction.ravel(), labels=range(200)
    )
    matrix = confusion.confusion_matrix(
        torch.from_numpy(truth).to(dtype), torch.from_numpy(prediction), 200
    )
    np.testing.assert_array_equal(matrix, expected)


def test_ignored_pixels_do_not_count() -> None:
    truth = torch.tensor([0, 255, 1, 255])
    # What is predicted on an ignored pixel does not matter, even no class.
    prediction = torch.tensor([1, 0, 1, 99])
    matrix = confusion.confusion_matrix(truth, prediction, 2)
    assert matrix.tolist() == [[0, 1], [0, 1]]


def test_ignore_index_can_be_chosen() -> None:
    truth = torch.tensor([0, 1, 2, 2])
    prediction = torch.tensor([1, 1, 1, 0])
    matrix = confusion.confusion_matrix(truth, prediction, 2, ignore_index=2)
    assert matrix.tolist() == [[0, 1], [0, 1]]


def test_all_ignored_counts_nothing() -> None:
    truth = torch.full((3, 3), 255)
    matrix = confusion.confusion_matrix(truth, torch.zeros(3, 3), 2)
    assert matrix.tolist() == [[0, 0], [0, 0]]


def test_sum_of_parts_is_the_whole() -> None:
    truth, prediction = _labels(seed=1)
    parts = sum(
        confusion.confusion_matrix(t, p, 5)
        for t, p in zip(truth, prediction, strict=True)
    )
    whole = confusion.confusion_matrix(truth, prediction, 5)
    np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize(
    ('truth', 'prediction', 'message'),
    [
        ([0, 3], [0, 0], r'label .*0\.\.2, got \[3\] in 1 pixels'),
        ([0, -1], [0, 0], r'label .*got \[-1\]'),
        ([0, 1], [7, 0], r'prediction must lie in 0\.\.2, got \[7\]'),
        ([0, 1], [0, -2], r'prediction .*got \[-2\]'),
        ([0, 1], [0, 1, 2], r'one shape, got \(2,\) and \(3,\)'),
    ],
)
def test_wrong_ids_are_named(
    truth: list, prediction: list, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        confusion.confusion_matrix(
            torch.tensor(truth), torch.tensor(prediction), 3
        )


def test_hand_worked_matrix() -> None:
    np.testing.assert_allclose(
        confusion.producer_accuracy(HAND), [5 / 10, 4 / 5, 3 / 5]
    )
    np.testing.assert_allclose(
        confusion.user_accuracy(HAND), [5 / 6, 4 / 9, 3 / 5]
    )
    np.testing.assert_allclose(
        confusion.intersection_over_union(HAND), [5 / 11, 4 / 10, 3 / 7]
    )
    np.testing.assert_allclose(
        confusion.f1_score(HAND), [10 / 16, 8 / 14, 6 / 10]
    )
    np.testing.assert_allclose(confusion.truth_share(HAND), [0.5, 0.25, 0.25])
    chance = (10 * 6 + 5 * 9 + 5 * 5) / 400
    expected = {
        'OA': 12 / 20,
        'kappa': (12 / 20 - chance) / (1 - chance),
        'mPA': (5 / 10 + 4 / 5 + 3 / 5) / 3,
        'mIoU': (5 / 11 + 4 / 10 + 3 / 7) / 3,
        'mF1': (10 / 16 + 8 / 14 + 6 / 10) / 3,
        'FWIoU': 0.5 * 5 / 11 + 0.25 * 4 / 10 + 0.25 * 3 / 7,
    }
    summary = confusion.summarize(HAND)
    assert tuple(summary) == confusion.MEASURES
    assert summary == pytest.approx(expected)


def test_absent_and_never_predicted_classes() -> None:
    nan = np.nan
    measures = confusion.per_class(GAPS)
    np.testing.assert_allclose(measures['PA'], [6 / 8, 0, nan, nan])
    np.testing.assert_allclose(measures['UA'], [6 / 9, nan, 0, nan])
    np.testing.assert_allclose(measures['IoU'], [6 / 11, 0, 0, nan])
    np.testing.assert_allclose(measures['F1'], [12 / 17, 0, 0, nan])
    np.testing.assert_allclose(measures['share'], [8 / 12, 4 / 12, 0, 0])
    summary = confusion.summarize(GAPS)
    assert summary['mPA'] == pytest.approx(6 / 8 / 2)
    assert summary['mIoU'] == pytest.approx(6 / 11 / 3)
    assert summary['mF1'] == pytest.approx(12 / 17 / 3)
    assert summary['FWIoU'] == pytest.approx(8 / 12 * 6 / 11)


@pytest.mark.parametrize('seed', range(5))
def test_agrees_with_scikit_learn(seed: int) -> None:
    truth, prediction = (array.ravel() for array in _labels(seed))
    matrix = confusion.confusion_matrix(truth, prediction, 5)
    summary = confusion.summarize(matrix)
    assert summary == pytest.approx(_by_scikit_learn(truth, prediction))
    for name, score in (
        ('PA', sklearn_metrics.recall_score),
        ('UA', sklearn_metrics.precision_score),
        ('IoU', sklearn_metrics.jaccard_score),
        ('F1', sklearn_metrics.f1_score),
    ):
        expected = score(truth, prediction, average=None)
        np.testing.assert_allclose(
            confusion.per_class(matrix)[name], expected, err_msg=name
        )


def test_agrees_with_scikit_learn_on_gaps() -> None:
    truth, prediction = _unroll(GAPS)
    with warnings.catch_warnings():
        # It warns of the classes that this test is about.
        warnings.simplefilter('ignore')
        expected = _by_scikit_learn(truth, prediction)
    assert confusion.summarize(GAPS) == pytest.approx(expected)


def test_kappa_of_chance_and_of_disagreement() -> None:
    assert confusion.kappa(np.array([[4, 4], [2, 2]])) == 0
    assert confusion.kappa(np.array([[0, 3], [3, 0]])) == -1
    assert confusion.kappa(np.diag([3, 2])) == 1


def test_kappa_is_undefined_for_a_single_class() -> None:
    assert math.isnan(confusion.kappa(np.array([[7, 0], [0, 0]])))
    # One class in the truth only: no better than chance.
    assert confusion.kappa(np.array([[6, 1], [0, 0]])) == 0


def test_kappa_does_not_overflow() -> None:
    factor = 10**12  # its square does not fit into 64 bits
    assert confusion.kappa(HAND * factor) == confusion.kappa(HAND)


def test_empty_matrix_is_undefined() -> None:
    summary = confusion.summarize(np.zeros((3, 3), np.int64))
    assert all(math.isnan(value) for value in summary.values())


def _unroll(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    indices = np.repeat(np.arange(matrix.size), matrix.ravel())
    return np.unravel_index(indices, matrix.shape)


def _by_scikit_learn(truth: np.ndarray, prediction: np.ndarray) -> dict:
    iou = sklearn_metrics.jaccard_score(truth, prediction, average=None)
    classes = np.union1d(truth, prediction)
    shares = [(truth == number).mean() for number in classes]
    score = sklearn_metrics.f1_score
    return {
        'OA': sklearn_metrics.accuracy_score(truth, prediction),
        'kappa': sklearn_metrics.cohen_kappa_score(truth, prediction),
        'mPA': sklearn_metrics.balanced_accuracy_score(truth, prediction),
        'mIoU': iou.mean(),
        'mF1': score(truth, prediction, average='macro'),
        'FWIoU': iou @ shares,
    }
