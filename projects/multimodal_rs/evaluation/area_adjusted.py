"""Areas and accuracies of a map, adjusted by a stratified sample.

P. Olofsson, G. M. Foody, M. Herold, S. V. Stehman, C. E. Woodcock, M. A.
Wulder, "Good practices for estimating area and assessing accuracy of land
change", Remote Sensing of Environment 148, 2014,
https://doi.org/10.1016/j.rse.2014.02.015: the stratified estimators, with the
classes of the map as strata.

With n_ij sample units of map class i and reference class j, n_i their sum
over j, and W_i the share of map class i in the area of the map, class j is
estimated to cover the share p_j = sum_i W_i n_ij / n_i. Counting pixels of
the map, as a table of areas does, has the bias of its errors; this has not,
provided that the sample was drawn at random within each class of the map.
"""

from dataclasses import dataclass

import numpy as np

CONFIDENT = 1.96  # standard errors of a 95 % interval of a normal variable


@dataclass(frozen=True)
class Estimate:
    """Estimates, each with half the width of its 95 % confidence interval.

    Attributes:
        area: (K,) area of every class, in the unit of the areas given.
        area_error: (K,).
        user: (K,) user's accuracy, a share; NaN for a class that is not
            mapped.
        user_error: (K,).
        producer: (K,) producer's accuracy; NaN for a class of no area.
        producer_error: (K,).
        overall: Overall accuracy.
        overall_error: Of it.
    """

    area: np.ndarray
    area_error: np.ndarray
    user: np.ndarray
    user_error: np.ndarray
    producer: np.ndarray
    producer_error: np.ndarray
    overall: float
    overall_error: float


def area_adjusted(matrix: np.ndarray, mapped: np.ndarray) -> Estimate:
    """Estimate areas and accuracies.

    Args:
        matrix: (K, K) sample units, ``matrix[truth, prediction]``.
        mapped: (K,) area of every class in the map, in any unit.

    Raises:
        ValueError: If a class of the map has fewer than two sample units: its
            variance cannot be estimated.
    """
    counts = np.asarray(matrix, float).T  # by map class, as in the paper
    mapped = np.asarray(mapped, float)
    units = counts.sum(axis=1)
    few = (mapped > 0) & (units < 2)
    if few.any() or not mapped.sum() > 0:
        raise ValueError(
            'area-adjusted estimates: expected a map, and at least two '
            f'reference pixels in each of its classes, got {units.tolist()} '
            f'for the areas {mapped.tolist()}: label more of the classes '
            f'{np.flatnonzero(few).tolist()}'
        )
    used = mapped > 0
    share = mapped / mapped.sum()  # W_i
    rates = np.zeros_like(counts)  # n_ij / n_i
    rates[used] = counts[used] / units[used, None]
    freedom = np.where(used, units - 1, 1.0)
    cells = share[:, None] * rates  # estimated p_ij
    spread = rates * (1 - rates) / freedom[:, None]
    proportion = cells.sum(axis=0)
    area_variance = (share[:, None] ** 2 * spread).sum(axis=0)
    user = np.where(used, np.diag(rates), np.nan)
    user_variance = np.where(used, np.diag(spread), np.nan)
    producer, producer_variance = _producer(cells, share, spread)
    return Estimate(
        area=mapped.sum() * proportion,
        area_error=CONFIDENT * mapped.sum() * np.sqrt(area_variance),
        user=user,
        user_error=CONFIDENT * np.sqrt(user_variance),
        producer=producer,
        producer_error=CONFIDENT * np.sqrt(producer_variance),
        overall=float(np.trace(cells)),
        overall_error=CONFIDENT
        * float(np.sqrt((share**2 * np.diag(spread)).sum())),
    )


def _producer(
    cells: np.ndarray, share: np.ndarray, spread: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Producer's accuracies and their variances, (K,) each."""
    proportion = cells.sum(axis=0)
    there = proportion > 0
    total = np.where(there, proportion, np.nan)
    producer = np.diag(cells) / total
    weighted = share[:, None] ** 2 * spread
    own = np.diag(weighted)
    others = weighted.sum(axis=0) - own
    variance = ((1 - producer) ** 2 * own + producer**2 * others) / total**2
    return producer, variance
