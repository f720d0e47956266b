"""Differences between configs, run by run with the same seed.

Two runs with one seed see the same tiles in the same order, so that their
difference varies less than each of them: what a mean over the seeds hides,
the mean of the differences can show.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy import stats

from multimodal_rs.results.record import Record
from multimodal_rs.results.seeds import columns, decimals
from multimodal_rs.results.summary import group, series_names
from multimodal_rs.utils.files import write_text
from multimodal_rs.utils.tables import markdown_table, write_csv

LEVEL = 0.95


@dataclass(frozen=True)
class Difference:
    """Mean difference of a measure, with a t-interval.

    Attributes:
        seeds: Of the pairs in which both runs have the measure.
        mean: Of config minus baseline.
        low: Lower end of the interval of ``LEVEL`` for the mean; None for one
            pair.
        high: Upper end.
    """

    seeds: list[int]
    mean: float
    low: float | None
    high: float | None


def paired_difference(
    runs: Sequence[Record],
    baseline: Sequence[Record],
    subset: str,
    measure: str,
    level: float = LEVEL,
) -> Difference | None:
    """Compare the runs of two configs that have a seed in common.

    The interval, mean ± t s / sqrt(n) with Student's t of n - 1 degrees of
    freedom, supposes that the differences are normally distributed.

    Args:
        runs: Records of one config, one per seed.
        baseline: Records of the other.
        subset: Modalities, joined by ``+``, in any order.
        measure: Key of the measures.
        level: Probability with which the interval holds the true mean.

    Returns:
        None if no two runs can be compared.

    Raises:
        ValueError: If a record is of several seeds, or a seed stands twice.
    """
    own, other = (
        _by_seed(records, subset, measure) for records in (runs, baseline)
    )
    seeds = [seed for seed in own if seed in other]
    if not seeds:
        return None
    values = [own[seed] - other[seed] for seed in seeds]
    mean = statistics.mean(values)
    if not values[1:]:
        return Difference(seeds, mean, None, None)
    quantile = stats.t.ppf((1 + level) / 2, len(values) - 1)
    half = float(quantile) * statistics.stdev(values) / math.sqrt(len(values))
    return Difference(seeds, mean, mean - half, mean + half)


def write_paired(folder: Path, records: Sequence[Record], name: str) -> str:
    """Write paired.csv (full precision) and paired.md.

    Args:
        folder: Where to.
        records: One per run, of all configs.
        name: Of the config that the others are compared with.

    Returns:
        The Markdown text.

    Raises:
        ValueError: If there is no run of that config, or several series of
            them that differ in their options.
    """
    groups = group(records)
    of_name = [runs for runs in groups if runs[0].name == name]
    if len(of_name) != 1:
        raise ValueError(
            f'expected the runs of one series of {name!r} to compare with, '
            f'got {len(of_name)} among {[runs[0].name for runs in groups]}'
        )
    (baseline,) = of_name
    measures = columns(baseline)
    rows, cells = [], []
    names = series_names([runs[0] for runs in groups])
    for runs, series in zip(groups, names, strict=True):
        if runs is baseline:
            continue
        for subset in runs[0].measures:
            differences = {
                measure: paired_difference(runs, baseline, subset, measure)
                for measure in measures
            }
            line = [series, subset]
            for measure, difference in differences.items():
                line.append(show(difference, decimals(measure)))
                if difference is not None:
                    rows.append(_row(series, subset, measure, difference))
            cells.append(line)
    header = ['config', 'modalities']
    numbers = ['measure', 'pairs', 'mean', 'low', 'high']
    write_csv(folder / 'paired.csv', [*header, *numbers], rows)
    table = markdown_table([*header, *measures], cells)
    text = f'{table}\n\n{_caption(name)}\n'
    write_text(folder / 'paired.md', text)
    return text


def show(difference: Difference | None, digits: int) -> str:
    """Write a difference and its interval, as far as they are known."""
    if difference is None:
        return ''
    text = f'{difference.mean:+.{digits}f}'
    if difference.low is None:
        return text
    ends = f'{difference.low:+.{digits}f} .. {difference.high:+.{digits}f}'
    return f'{text} ({ends})'


def _row(name: str, subset: str, measure: str, d: Difference) -> list:
    return [name, subset, measure, len(d.seeds), d.mean, d.low, d.high]


def _caption(name: str) -> str:
    return (
        f'Differences from `{name}`, run by run with the same seed: mean and '
        f"{LEVEL:.0%} interval of the mean (Student's t), shares and "
        'kappa in percentage points. Each interval stands for itself: of '
        'twenty comparisons of equal methods, one is expected not to hold '
        'zero.'
    )


def _by_seed(
    records: Sequence[Record], subset: str, measure: str
) -> dict[int, float]:
    values = {}
    for record in records:
        if len(record.seeds) != 1 or record.seeds[0] in values:
            raise ValueError(
                f'{record.config}: pairs need one record per seed, got the '
                f'seeds {[r.seeds for r in records]}'
            )
        key = record.subset_key(subset)
        value = record.measures.get(key, {}).get(measure)
        if value is not None:
            values[record.seeds[0]] = value
    return values
