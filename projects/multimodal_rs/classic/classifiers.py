"""Support vector machine and random forest of scikit-learn, and their score.

What a network has to beat: both know a pixel and simple numbers of its
window, and nothing of shapes.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from multimodal_rs.classic.features import Pixels
from multimodal_rs.evaluation.confusion import (
    confusion_matrix,
    per_class,
    summarize,
)

KINDS = ('svm', 'forest')
AT_ONCE = 20_000  # pixels that are predicted together


def build_classifier(kind: str, seed: int, settings: Mapping) -> Any:
    """Make an untrained classifier of scikit-learn.

    Args:
        kind: ``'svm'``, with an RBF kernel, or ``'forest'``.
        seed: Of what is random in it; a support vector machine has nothing.
        settings: Its parameters, by the names that scikit-learn gives them.

    Raises:
        ValueError: If there is no such kind.
        ImportError: If scikit-learn is not installed.
    """
    if kind not in KINDS:
        raise ValueError(f'classifier {kind!r}: expected one of {KINDS}')
    try:
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.svm import SVC
    except ImportError as error:
        raise ImportError(
            'classical classifiers are those of scikit-learn: `pip install '
            'scikit-learn`'
        ) from error
    if kind == 'svm':
        return SVC(kernel='rbf', cache_size=1000, **settings)
    return RandomForestClassifier(random_state=seed, **settings)


def train_best(
    kind: str,
    seed: int,
    grid: Mapping[str, Sequence],
    train: Pixels,
    val: Pixels,
    modalities: tuple[str, ...],
) -> tuple[Any, dict]:
    """Train with each set of parameters, keep what is best on the validation.

    Args:
        kind: See :func:`build_classifier`.
        seed: Likewise.
        grid: Parameter -> values to try, in all combinations.
        train: What is trained on.
        val: What is chosen by, by the mean recall of the classes; never the
            test. With one combination there is nothing to choose, and it is
            not scored.
        modalities: Whose features are used.

    Returns:
        The first of the best classifiers, and its parameters.
    """
    features = train.joined(modalities)
    classes = int(max(train.classes.max(), val.classes.max())) + 1
    tried = list(_combinations(grid))
    best, chosen, highest = None, {}, -np.inf
    for settings in tried:
        classifier = build_classifier(kind, seed, settings)
        classifier.fit(features, train.classes)
        recall = 0.0
        if len(tried) > 1:
            matrix = score(classifier, val, modalities, classes)
            recall = summarize(matrix)['mPA']
        if recall > highest:
            best, chosen, highest = classifier, settings, recall
    return best, chosen


def score(
    classifier: Any, pixels: Pixels, modalities: tuple[str, ...], classes: int
) -> np.ndarray:
    """Predict pixels and count, ``matrix[truth, prediction]``."""
    features = pixels.joined(modalities)
    matrix = np.zeros((classes, classes), np.int64)
    for start in range(0, len(features), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        predicted = classifier.predict(features[part])
        matrix += confusion_matrix(pixels.classes[part], predicted, classes)
    return matrix


def measures_of(
    matrix: np.ndarray, classes: Sequence[str]
) -> tuple[dict, dict]:
    """Get what a record holds of a matrix, in percent.

    Returns:
        Measure -> value, and measure -> class -> value, null if undefined.
    """
    plain = {k: _percent(v) for k, v in summarize(matrix).items()}
    single = per_class(matrix)
    of_classes = {
        measure: dict(
            zip(classes, map(_percent, single[measure]), strict=True)
        )
        for measure in ('IoU', 'PA')
    }
    return plain, of_classes


def subsets(modalities: Sequence[str]) -> list[tuple[str, ...]]:
    """List all of them together, then each alone."""
    alone = [(m,) for m in modalities] if len(modalities) > 1 else []
    return [tuple(modalities), *alone]


def _combinations(grid: Mapping[str, Sequence]) -> Iterator[dict]:
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def _percent(value: float) -> float | None:
    return None if np.isnan(value) else 100 * float(value)
