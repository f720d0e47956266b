"""The table of ``benchmarks/ops.py``: CSV, Markdown and a plot."""

import csv
from pathlib import Path

from _scan_targets import ALL
from multimodal_rs.utils.files import atomic_path
from multimodal_rs.utils.tables import markdown_table, write_csv

# Seconds are of CPU time, or by the events of a GPU; memory is in bytes.
HEADER = (
    *('row', 'what', 'unit', 'baseline', 'ours', 'ours_wall_s'),
    *('ratio', 'floor', 'aim', 'hardware'),
)
SECONDS, BYTES = 's', 'B'


def read(path: Path) -> dict[str, dict]:
    """Read the rows of an earlier run; none if there was none."""
    if not path.exists():
        return {}
    with path.open(newline='') as file:
        return {row['row']: row for row in csv.DictReader(file)}


def write(path: Path, rows: dict[str, dict]) -> None:
    """Write the rows in the order of the targets."""
    cells = ([rows[n].get(key) for key in HEADER] for n in ALL if n in rows)
    write_csv(path, HEADER, cells)


def as_text(rows: dict[str, dict]) -> str:
    """Lay the rows out as a Markdown table."""
    shown = ('row', 'what', 'ratio', 'floor', 'aim')
    cells = []
    for row in (rows[n] for n in ALL if n in rows):
        row = row | dict(ratio=f'{float(row["ratio"]):.3g}')
        cells.append([*(str(row[key]) for key in shown), _cost(row)])
    return markdown_table([*shown, 'ours'], cells)


def reaches(row: dict, target: str) -> bool:
    """Whether a row reaches its 'floor' or 'aim'."""
    return _share(row, target) >= 1


def plot(rows: dict[str, dict], target: Path) -> None:
    """Draw each ratio over its aim."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    names = [n for n in ALL if n in rows]
    shares = [_share(rows[n], 'aim') for n in names]
    floors = [_share(rows[n], 'aim', 'floor') for n in names]
    figure, axis = pyplot.subplots(figsize=(9, 0.4 * len(names) + 1.2))
    axis.barh(names, shares, color='#4c78a8', label='measured')
    axis.plot(floors, names, 'k|', markersize=14, label='floor')
    axis.axvline(1, color='#e45756', label='aim')
    for name, share in zip(names, shares, strict=True):
        axis.annotate(
            f' {float(rows[name]["ratio"]):.3g}, {rows[name]["what"]}',
            (share, name),
            va='center',
            fontsize=7,
        )
    axis.invert_yaxis()
    axis.set_xlim(0, 1.9 * max(shares))
    axis.set_xlabel('share of the aim')
    axis.legend(loc='lower right', fontsize=7)
    figure.tight_layout()
    with atomic_path(target) as path:
        figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _cost(row: dict) -> str:
    ours, wall = float(row['ours']), row['ours_wall_s']
    if row['unit'] == BYTES:
        return f'{ours / 2**20:.0f} MiB'
    if wall in (None, ''):
        return f'{ours * 1e3:.3g} ms'
    return f'{ours * 1e3:.1f} ({float(wall) * 1e3:.1f}) ms'


def _share(row: dict, of: str, what: str = 'ratio') -> float:
    value, target = float(row[what]), float(row[of])
    return target / value if ALL[row['row']].less else value / target
