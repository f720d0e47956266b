"""Charts of a report: confusion, classes, subsets, curves, calibration."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from multimodal_rs.results.plots import COLORS, MARKERS, STYLE

CELL = 0.52  # inches of a cell of the confusion matrix
LINE = 0.34  # inches of a line of bars
DARK = 0.55  # share from which on text in a cell is white


def confusion_chart(matrix: np.ndarray, classes: Sequence[str]) -> Figure:
    """Draw where the pixels of each true class have gone.

    Args:
        matrix: (K, K) counts, ``matrix[truth, prediction]``.
        classes: Names.

    Returns:
        Rows in percent of the true pixels of their class; rows of classes
        without true pixels are empty.
    """
    totals = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(
        matrix,
        totals,
        out=np.full(matrix.shape, np.nan),
        where=totals > 0,
    )
    side = 1.6 + CELL * len(classes)
    figure, axis = _figure(side + 0.6, side)
    axis.imshow(shares, cmap='Blues', vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        if np.isnan(share):
            continue
        colour = 'white' if share > DARK else '#20242a'
        text = f'{100 * share:.0f}'
        axis.text(column, row, text, ha='center', va='center', color=colour)
    ticks = range(len(classes))
    axis.set_xticks(ticks, classes, rotation=45, ha='right')
    axis.set_yticks(ticks, classes)
    axis.set_xlabel('prediction')
    axis.set_ylabel('truth')
    axis.grid(False)
    return figure


def class_chart(
    values: Mapping[str, Mapping[str, float | None]],
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    measure: str,
) -> Figure:
    """Draw a measure of every class: a bar, and a mark for each subset.

    Args:
        values: Subset of the modalities -> class -> percent. The first has
            the bars.
        classes: Names, from top to bottom.
        palette: (R, G, B) of every class.
        measure: Its name.
    """
    figure, axis = _figure(7.2, 1 + LINE * len(classes))
    places = np.arange(len(classes))
    first, *others = values
    bars = [_number(values[first].get(name)) for name in classes]
    colours = [tuple(v / 255 for v in colour) for colour in palette]
    edge = dict(edgecolor='#5f6771', linewidth=0.5)
    axis.barh(places, bars, 0.7, color=colours, label=first, **edge)
    for number, subset in enumerate(others):
        points = [_number(values[subset].get(name)) for name in classes]
        axis.scatter(
            points,
            places,
            marker=MARKERS[number % len(MARKERS)],
            color=COLORS[number % len(COLORS)],
            label=subset,
            zorder=3,
            s=28,
        )
    axis.set_yticks(places, classes)
    axis.invert_yaxis()
    axis.set_xlim(0, 100)
    axis.set_xlabel(f'{measure} in percent')
    axis.grid(axis='y', visible=False)
    if others:
        axis.legend(loc='upper left', bbox_to_anchor=(1.01, 1))
    return figure


def curves_chart(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], label: str
) -> Figure:
    """Draw values over iterations.

    Args:
        curves: Name -> (iterations, values).
        label: Of the vertical axis.
    """
    figure, axis = _figure(5.2, 3.2)
    for number, (name, (steps, values)) in enumerate(curves.items()):
        colour = COLORS[number % len(COLORS)]
        mark = 'o' if len(steps) < 30 else None
        axis.plot(
            steps, values, color=colour, marker=mark, markersize=3, label=name
        )
    axis.set_xlabel('iteration')
    axis.set_ylabel(label)
    if len(curves) > 1:
        axis.legend()
    return figure


def calibration_chart(
    confidence: np.ndarray, accuracy: np.ndarray, share: np.ndarray
) -> Figure:
    """Draw how often a map is right where it says how sure it is.

    Args:
        confidence: (bins,) mean of the largest probability, NaN if empty.
        accuracy: (bins,) share of right pixels, NaN if empty.
        share: (bins,) share of all pixels.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.4, 4.4), layout='constrained')
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    upper.plot([0, 100], [0, 100], color='#9aa1a9', linestyle='--')
    known = ~np.isnan(confidence)
    upper.plot(
        100 * confidence[known],
        100 * accuracy[known],
        color=COLORS[0],
        marker='o',
    )
    upper.set_ylabel('right, in percent')
    upper.set_ylim(0, 100)
    edges = np.linspace(0, 100, len(share) + 1)
    lower.bar(edges[:-1], 100 * share, np.diff(edges), align='edge')
    lower.set_xlabel('largest probability in percent')
    lower.set_ylabel('pixels, %')
    lower.set_xlim(0, 100)
    return figure


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout='constrained')
        return figure, figure.subplots()


def _number(value: float | None) -> float:
    return float('nan') if value is None else value
