"""Pictures of what is lost when modalities are missing."""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from multimodal_rs.results.plot_entries import Entry, panel_names
from multimodal_rs.results.plots import (
    COLORS,
    MARKERS,
    STYLE,
    add_legend,
    axis_label,
    draw_mark,
    network_styles,
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
        ValueError: If no network with the measure was tested with several
            subsets.
    """
    fused = [
        e
        for e in entries
        if len(e.record.measures) > 1
        and any(v.get(measure) is not None for v in e.record.measures.values())
    ]
    require(fused, f'{measure} of several subsets of modalities')
    subsets = list(dict.fromkeys(s for e in fused for s in e.record.measures))
    if len(subsets) > MOST_MARKS:
        return _subset_rows(fused, measure)
    styles = dict(
        zip(subsets, zip(COLORS, MARKERS, strict=True), strict=False)
    )
    networks = {name: [] for name in panel_names(fused)}
    for entry in fused:
        networks[entry.panel].append(entry)
    with matplotlib.rc_context(STYLE):
        picture, axes = _panels(networks, 0.36, measure)
        for name, axis in axes.items():
            _dumbbells(axis, networks[name], measure, styles)
            here = [e for e in entries if e.panel == name]
            _references(axis, here, measure, styles)
        add_legend(picture, axes.values(), title='tested with')
    return picture


def _subset_rows(entries: Sequence[Entry], measure: str) -> Picture:
    """Draw a row per subset, the larger ones first, a mark per network."""
    styles = network_styles(entries)
    subsets = {
        name: _larger_first(e for e in entries if e.panel == name)
        for name in panel_names(entries)
    }
    with matplotlib.rc_context(STYLE):
        picture, axes = _panels(subsets, 0.3, measure)
        for name, axis in axes.items():
            for row, subset in enumerate(subsets[name]):
                for entry in (e for e in entries if e.panel == name):
                    _mark(axis, row, entry, subset, measure, styles)
            labels = [s.replace('+', ' + ') for s in subsets[name]]
            axis.set_yticks(range(len(labels)), labels)
            axis.set_ylim(len(labels) - 0.5, -0.5)
        add_legend(picture, axes.values())
    return picture


def _panels(
    rows: Mapping[str, Sequence], height: float, measure: str
) -> tuple[Picture, dict[str, Axes]]:
    """Make a panel per name, below each other, as high as it has rows.

    Args:
        rows: What the rows of each panel show.
        height: Of a row, in inches.
        measure: What the common axis shows.
    """
    numbers = [len(of_panel) for of_panel in rows.values()]
    size = (7.4, 0.5 + 0.45 * len(rows) + height * sum(numbers))
    picture = Picture(figsize=size, layout='constrained')
    grid = picture.subplots(
        len(rows), squeeze=False, sharex=True, height_ratios=numbers
    )
    axes = dict(zip(rows, grid[:, 0], strict=True))
    for name, axis in axes.items():
        axis.set_title(name, loc='left')
    axis.set_xlabel(axis_label(measure))
    return picture, axes


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
    draw_mark(
        axis,
        (value, row + 0.6 * ((place + 0.5) / len(styles) - 0.5)),
        dict(xerr=spread(entry.record, subset, measure)),
        styles[entry.label],
        entry.label,
        size=6,
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
            draw_mark(
                axis,
                (value, row + shift[subset]),
                dict(xerr=spread(record, subset, measure)),
                styles[subset],
                subset.replace('+', ' + '),
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
