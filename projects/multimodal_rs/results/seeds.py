"""The table of a series of runs: mean and spread over the seeds."""

from collections.abc import Sequence
from pathlib import Path

from multimodal_rs.evaluation.confusion import MEASURES
from multimodal_rs.results.record import Record
from multimodal_rs.results.summary import group, series_names, summarize
from multimodal_rs.utils.files import write_text
from multimodal_rs.utils.tables import markdown_table, write_csv

# Shown of a classification; of anything else, whatever was measured.
# Those near borders and of single places follow.
SHOWN = ('mIoU', 'OA', 'kappa', 'mPA', 'mF1')


def write_seeds(folder: Path, records: Sequence[Record], command: str) -> str:
    """Write seeds.csv (full precision) and seeds.md.

    Args:
        folder: Where to.
        records: One per run.
        command: What was typed.

    Returns:
        The Markdown text.
    """
    summaries = [summarize(runs) for runs in group(records)]
    measures = columns(summaries)
    rows, cells = [], []
    for record, name in zip(summaries, series_names(summaries), strict=True):
        for subset, values in record.measures.items():
            row = [name, subset, len(record.seeds)]
            line = row[:2]
            for measure in measures:
                mean = values.get(measure)
                spread = _spread(record, subset, measure)
                row += [mean, spread]
                line.append(show(mean, spread, decimals(measure)))
            rows.append(row)
            cells.append(line)
    spreads = [column for m in measures for column in (m, f'{m} sd')]
    header = ['config', 'modalities']
    write_csv(folder / 'seeds.csv', [*header, 'runs', *spreads], rows)
    table = markdown_table([*header, *measures], cells)
    text = f'{table}\n\n{provenance(summaries, command)}\n'
    write_text(folder / 'seeds.md', text)
    return text


def columns(records: Sequence[Record]) -> list[str]:
    """Choose the measures of a table: of every record at least one."""
    found = {}
    for record in records:
        names = dict.fromkeys(n for v in record.measures.values() for n in v)
        shown = [name for name in SHOWN if name in names]
        shown += [n for n in names if '_' in n and _kind(n) in MEASURES]
        found.update(dict.fromkeys(shown or names))
    return list(found)


def decimals(measure: str) -> int:
    """Return how many decimals of a measure people look at."""
    return 2 if _kind(measure) in MEASURES else 4


def _kind(measure: str) -> str:
    """Take off a prefix or a place: ``boundary_mIoU``, ``north_mIoU``."""
    return measure.rpartition('/')[2].rpartition('_')[2]


def show(mean: float | None, spread: float | None, digits: int) -> str:
    """Write a mean and its deviation, as far as they are known."""
    if mean is None:
        return ''
    if spread is None:
        return f'{mean:.{digits}f}'
    return f'{mean:.{digits}f} ± {spread:.{digits}f}'


def provenance(records: Sequence[Record], command: str) -> str:
    """Say how the numbers were made."""
    parts = {
        key: ', '.join(dict.fromkeys(v for r in records for v in values(r)))
        for key, values in (
            ('commits', lambda r: r.commits),
            ('device', lambda r: r.device),
            ('torch', lambda r: [r.versions.get('torch', 'unknown')]),
        )
    }
    return (
        f'Mean and standard deviation over the seeds {_seeds(records)}, '
        f'shares and kappa in percent; `{command}`; commit '
        f'{parts["commits"]}; {parts["device"]}, torch {parts["torch"]}.'
    )


def _seeds(records: Sequence[Record]) -> str:
    """List the seeds; those of each config, where they are not the same."""
    lists = [', '.join(map(str, sorted(r.seeds))) for r in records]
    if len({*lists}) == 1:
        return lists[0]
    names = series_names(records)
    each = zip(lists, names, strict=True)
    return '; '.join(f'{seeds} ({name})' for seeds, name in each)


def _spread(record: Record, subset: str, measure: str) -> float | None:
    return record.spread and record.spread.get(subset, {}).get(measure)
