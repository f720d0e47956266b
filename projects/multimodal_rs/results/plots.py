"""Pictures of records: accuracy against cost, and single classes.

Missing sensors are in ``subset_plots.py``.

Colours are those of Okabe and Ito, which colour-blind people can tell apart;
markers differ as well.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D

from multimodal_rs.evaluation.confusion import MEASURES
from multimodal_rs.results.plot_entries import Entry, panel_names
from multimodal_rs.results.record import Record
from multimodal_rs.results.store import Results

COLORS = (
    *('#0072B2', '#D55E00', '#009E73', '#CC79A7'),
    *('#E69F00', '#56B4E9', '#000000', '#F0E442'),
)
MARKERS = 'osD^v<>p'
# Cost -> (attribute of a record, unit divisor, label of the axis).
COSTS = {
    'parameters': ('parameters', 1e6, 'parameters (million)'),
    'flops': ('flops', 1e9, 'multiply-adds of one image (billion)'),
    'seconds': ('train_seconds', 60, 'training (minutes)'),
    'memory': ('memory_mib', 1024, 'memory in training (GiB)'),
}
LEGEND = 2.4  # inches beside the panels
STYLE = {
    'font.size': 9,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.grid': True,
    'grid.color': '#dddddd',
    'grid.linewidth': 0.6,
    'axes.axisbelow': True,
    'legend.frameon': False,
    'legend.fontsize': 8.5,
    'axes.titlesize': 10,
    'axes.titleweight': 'bold',
}


def plot_cost(
    entries: Sequence[Entry], cost: str, measure: str = 'mIoU'
) -> Picture:
    """Draw accuracy, with all modalities, against cost.

    Args:
        entries: What to draw; those without the cost or measure are left out.
        cost: One of :data:`COSTS`.
        measure: Name of a measure.

    Raises:
        ValueError: If none has both.
    """
    attribute, unit, label = COSTS[cost]
    known = [
        e
        for e in entries
        if getattr(e.record, attribute) is not None
        and e.record.measures[e.record.everything].get(measure) is not None
    ]
    require(known, f'{cost} and {measure}')
    with matplotlib.rc_context(STYLE):
        picture, axes = _panels(known, width=3.8, height=3.4)
        styles = network_styles(known)
        for panel, axis in axes.items():
            for entry in (e for e in known if e.panel == panel):
                record = entry.record
                everything = record.everything
                x = getattr(record, attribute) / unit
                y = record.measures[everything][measure]
                error = dict(yerr=spread(record, everything, measure))
                draw_mark(
                    axis, (x, y), error, styles[entry.label], entry.label
                )
            axis.set_title(panel)
            axis.set_xlabel(label)
            axis.set_ylabel(axis_label(measure))
            axis.margins(x=0.12, y=0.12)
            axis.set_xlim(left=0)
        add_legend(picture, axes.values())
    return picture


def plot_classes(
    series: Mapping[str, Mapping[str, float | None]], measure: str
) -> Picture:
    """Draw a measure of each class as bars.

    Args:
        series: Label -> class -> percent.
        measure: What it is.

    Raises:
        ValueError: If there is nothing to draw.
    """
    require(series, f'{measure} of classes')
    classes = list(
        dict.fromkeys(c for values in series.values() for c in values)
    )
    width = 0.8 / len(series)
    with matplotlib.rc_context(STYLE):
        size = (1.6 + 0.22 * len(classes) * max(len(series), 3), 3.6)
        picture = Picture(figsize=size, layout='constrained')
        axis = picture.subplots()
        for number, (label, values) in enumerate(series.items()):
            heights = [values.get(name) for name in classes]
            places = [
                i + (number - (len(series) - 1) / 2) * width
                for i in range(len(classes))
            ]
            axis.bar(
                places,
                [math.nan if h is None else h for h in heights],
                width * 0.92,
                label=label,
                color=COLORS[number % len(COLORS)],
            )
        axis.set_xticks(range(len(classes)), classes)
        axis.grid(visible=False, axis='x')
        axis.set_ylim(0, 100)
        axis.set_ylabel(f'{measure} of the class (%)')
        add_legend(picture, [axis])
    return picture


def class_series(
    entries: Sequence[Entry], measure: str, subset: str | None
) -> dict[str, dict[str, float | None]]:
    """Collect a measure of the classes from records.

    Args:
        entries: Those without it are left out.
        measure: ``IoU``, ``PA``, ...
        subset: Modalities that were tested, in any order. None: all.

    Returns:
        Label, with the panel if there are several, -> class -> percent.
    """
    series = {}
    panels = panel_names(entries)
    for entry in entries:
        key = entry.record.subset_key(subset or entry.record.everything)
        values = entry.record.classes.get(key, {}).get(measure)
        if values:
            label = entry.label
            if len(panels) > 1:
                label += f', {entry.panel}'
            series[label] = values
    return series


def published_series(
    results: Results, ids: Sequence[str], measure: str
) -> dict[str, dict[str, float]]:
    """Collect a measure of the classes from what papers print.

    Args:
        results: All of them.
        ids: Of ``published.json``.
        measure: ``IoU``, ``PA``, ...

    Returns:
        Method, or the id where several have one method -> class -> percent.

    Raises:
        KeyError: If an id is unknown, or has no such measure of classes.
    """
    known = {
        n: e for n, e in results.published.items() if measure in e.classes
    }
    for name in ids:
        if name not in known:
            raise KeyError(
                f'--published {name}: expected an id with the {measure} of '
                f'classes, one of {sorted(known)}'
            )
    found = {name: known[name] for name in ids}
    counts = Counter(entry.method for entry in found.values())
    return {
        f'{entry.method if counts[entry.method] == 1 else name} (published)': (
            entry.classes[measure]
        )
        for name, entry in found.items()
    }


def _panels(
    entries: Sequence[Entry], width: float, height: float
) -> tuple[Picture, dict[str, Axes]]:
    names = panel_names(entries)
    size = (width * len(names) + LEGEND, height)
    picture = Picture(figsize=size, layout='constrained')
    axes = picture.subplots(1, len(names), squeeze=False)[0]
    return picture, dict(zip(names, axes, strict=True))


def network_styles(entries: Sequence[Entry]) -> dict[str, tuple[str, str]]:
    """Give each label a color and a marker, 64 different pairs."""
    labels = dict.fromkeys(entry.label for entry in entries)
    return {
        label: (
            COLORS[i % len(COLORS)],
            MARKERS[(i + i // len(COLORS)) % len(MARKERS)],
        )
        for i, label in enumerate(labels)
    }


def draw_mark(
    axis: Axes,
    place: tuple[float, float],
    error: Mapping[str, float | None],
    style: tuple[str, str],
    label: str,
    size: int = 8,
) -> None:
    """Draw a value with its spread.

    Args:
        axis: Where.
        place: x and y.
        error: ``xerr`` or ``yerr`` of matplotlib, None without a spread.
        style: Color and marker.
        label: For the legend.
        size: Of the mark, in points.
    """
    color, marker = style
    axis.errorbar(
        *place,
        **error,
        fmt=marker,
        color=color,
        markeredgecolor='white',
        markersize=size,
        capsize=round(size * 3 / 8),
        elinewidth=1.2,
        label=label,
    )


def spread(record: Record, subset: str, measure: str) -> float | None:
    return record.spread[subset].get(measure) if record.spread else None


def axis_label(measure: str) -> str:
    percent = measure.rpartition('/')[2] in MEASURES
    return f'{measure} (%)' if percent else measure


def add_legend(
    picture: Picture, axes: Sequence[Axes], title: str | None = None
) -> None:
    """Put one legend for all panels to the right, each label once."""
    found = {}
    for axis in axes:
        handles, labels = axis.get_legend_handles_labels()
        for label, handle in zip(labels, handles, strict=True):
            found.setdefault(label, handle)
    # Marks before lines.
    labels = sorted(found, key=lambda label: isinstance(found[label], Line2D))
    picture.legend(
        [found[label] for label in labels],
        labels,
        loc='outside right upper',
        title=title,
    )


def require(content: object, what: str) -> None:
    if not content:
        raise ValueError(f'nothing to draw: no entry has {what}')
