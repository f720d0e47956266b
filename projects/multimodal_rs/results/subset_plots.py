"""Pictures of what is lost when modalities are missing."""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from multimodal_rs.results.plots import (
    COLORS,
    MARKERS,
    STYLE,
    Entry,
    add_legend,
    axis_label,
    network_styles,
    panel_names,
    require,
    spread,
)

MOST_MARKS = 3  # subsets of two modalities


def plot_subsets(entries: Sequence[Entry], measure: str = 'mIoU') -> Picture:
    """Draw what is lost when modalities are missing.

    A row per network, a mark per subset that it was tested with. Networks for
    a single modality are dashed lines: what is to be had without the others.
    Where there are more subsets than two modalities have, a row per subset
    and a mark per network instead.

    Args:
        entries: What to draw.
        measure: Name of a measure.

    Raises:
        ValueError: If no network was tested with several subsets.
    """
    fused = [e for e in entries if len(e.record.measures) > 1]
    require(fused, 'several subsets of modalities')
    subsets = list(dict.fromkeys(s for e in fused for s in e.record.measures))
    if len(subsets) > MOST_MARKS:
        return _subset_rows(fused, measure)
    styles = dict(
        zip(subsets, zip(COLORS, MARKERS, strict=True), strict=False)
    )
    names = panel_names(fused)
    rows = [sum(e.panel == name for e in fused) for name in names]
    with matplotlib.rc_context(STYLE):
        size = (7.4, 0.5 + 0.45 * len(rows) + 0.36 * sum(rows))
        picture = Picture(figsize=size, layout='constrained')
        axes = picture.subplots(
            len(rows), squeeze=False, sharex=True, height_ratios=rows
        )[:, 0]
        for name, axis in zip(names, axes, strict=True):
            here = [e for e in entries if e.panel == name]
            _dumbbells(axis, [e for e in here if e in fused], measure, styles)
            _references(axis, here, measure, styles)
            axis.set_title(name, loc='left')
        axes[-1].set_xlabel(axis_label(measure))
        add_legend(picture, axes, title='tested with')
    return picture


def _subset_rows(entries: Sequence[Entry], measure: str) -> Picture:
    """Draw a row per subset, the larger ones first, a mark per network."""
    styles = network_styles(entries)
    names = panel_names(entries)
    subsets = {
        name: _larger_first(e for e in entries if e.panel == name)
        for name in names
    }
    rows = [len(found) for found in subsets.values()]
    with matplotlib.rc_context(STYLE):
        size = (7.4, 0.5 + 0.45 * len(names) + 0.3 * sum(rows))
        picture = Picture(figsize=size, layout='constrained')
        axes = picture.subplots(
            len(names), squeeze=False, sharex=True, height_ratios=rows
        )[:, 0]
        for name, axis in zip(names, axes, strict=True):
            for row, subset in enumerate(subsets[name]):
                for entry in (e for e in entries if e.panel == name):
                    _mark(axis, row, entry, subset, measure, styles)
            labels = [s.replace('+', ' + ') for s in subsets[name]]
            axis.set_yticks(range(len(labels)), labels)
            axis.set_ylim(len(labels) - 0.5, -0.5)
            axis.set_title(name, loc='left')
        axes[-1].set_xlabel(axis_label(measure))
        add_legend(picture, axes)
    return picture


def _larger_first(entries: Iterable[Entry]) -> list[str]:
    found = dict.fromkeys(s for e in entries for s in e.record.measures)
    return sorted(found, key=lambda subset: -subset.count('+'))


def _mark(
    axis: Axes,
    row: int,
    entry: Entry,
    subset: str,
    measure: str,
    styles: Mapping[str, tuple[str, str]],
) -> None:
    value = entry.record.measures.get(subset, {}).get(measure)
    if value is None:
        return
    # Networks lie above each other: equal values stay apart.
    place = list(styles).index(entry.label)
    color, marker = styles[entry.label]
    axis.errorbar(
        value,
        row + 0.6 * ((place + 0.5) / len(styles) - 0.5),
        xerr=spread(entry.record, subset, measure),
        fmt=marker,
        color=color,
        markeredgecolor='white',
        markersize=6,
        capsize=2,
        elinewidth=1.2,
        label=entry.label,
    )


def _dumbbells(
    axis: Axes,
    entries: Sequence[Entry],
    measure: str,
    styles: Mapping[str, tuple[str, str]],
) -> None:
    # The parts of a whole lie above and below it: equal values stay apart.
    whole, *parts = styles
    shift = {
        p: 0.4 * ((i + 0.5) / len(parts) - 0.5) for i, p in enumerate(parts)
    }
    shift[whole] = 0.0
    for row, entry in enumerate(entries):
        record = entry.record
        values = {s: m.get(measure) for s, m in record.measures.items()}
        known = {s: v for s, v in values.items() if v is not None}
        span = [min(known.values()), max(known.values())]
        axis.plot(span, [row, row], color='#bbbbbb', linewidth=2, zorder=1)
        for subset, value in known.items():
            color, marker = styles[subset]
            axis.errorbar(
                value,
                row + shift[subset],
                xerr=spread(record, subset, measure),
                fmt=marker,
                color=color,
                markeredgecolor='white',
                markersize=8,
                capsize=3,
                elinewidth=1.2,
                label=subset.replace('+', ' + '),
            )
    axis.set_yticks(range(len(entries)), [e.label for e in entries])
    axis.set_ylim(len(entries) - 0.5, -0.5)
    axis.grid(visible=False, axis='y')


def _references(
    axis: Axes,
    entries: Sequence[Entry],
    measure: str,
    styles: Mapping[str, tuple[str, str]],
) -> None:
    for record in (e.record for e in entries):
        subset = record.everything
        value = record.measures[subset].get(measure)
        single = len(record.modalities) == 1 and subset in styles
        if single and value is not None:
            axis.axvline(
                value,
                color=styles[subset][0],
                linestyle='--',
                linewidth=1.2,
                zorder=0,
                label=f'a network for {subset} only',
            )
