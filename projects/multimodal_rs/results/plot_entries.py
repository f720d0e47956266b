"""Networks of tables and records of runs, with names for a picture."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from multimodal_rs.results.layout import build_table
from multimodal_rs.results.record import Record
from multimodal_rs.results.store import Results
from multimodal_rs.results.summary import group, series_names, summarize


@dataclass(frozen=True)
class Entry:
    """What is drawn of one network.

    Attributes:
        label: For people.
        panel: Entries of one panel are comparable.
        record: Mean over the seeds.
    """

    label: str
    panel: str
    record: Record


def table_entries(results: Results, folder: str, name: str) -> list[Entry]:
    """Take the networks of a table, each once.

    Args:
        results: All of them.
        folder: ``configs``, or that of a method.
        name: Of the table.

    Returns:
        Entries with the names that the table shows, and panels by data set
        and, where they differ, length of the training.

    Raises:
        KeyError: If there is no such table.
    """
    return _with_panels(_of_table(results, folder, name))


def record_entries(records: Sequence[Record]) -> list[Entry]:
    """Take records of runs, averaged over their seeds."""
    return _with_panels(_of_records(records))


def collect_entries(
    results: Results, tables: Sequence[str], records: Sequence[Record]
) -> list[Entry]:
    """Take networks of tables and records of runs, told apart together.

    Args:
        results: All of them.
        tables: ``FOLDER/TABLE`` each. What several have is taken once.
        records: Of runs. ``(--records)`` stands behind the names of those
            whose config and options a table has, too.

    Raises:
        KeyError: If there is no such table.
    """
    found = {}
    for table in tables:
        folder, _, name = table.rpartition('/')
        for label, record in _of_table(results, folder, name):
            found.setdefault(_key(record), (label, record))
    own = [
        (f'{label} (--records)' if _key(record) in found else label, record)
        for label, record in _of_records(records)
    ]
    return _with_panels([*own, *found.values()])


def _of_table(
    results: Results, folder: str, name: str
) -> list[tuple[str, Record]]:
    """List the networks of a table, as it names them."""
    specs = results.layouts.get(folder, {}).get('tables', {})
    if name not in specs:
        raise KeyError(
            f'{folder} has no table {name!r}, only {list(specs)}: name it as '
            'FOLDER/TABLE, for example configs/joitrinet/ombria'
        )
    table = build_table(specs[name], results, f'{folder}: {name}')
    found = {}
    for spec, cells in zip(specs[name]['rows'], table.rows, strict=True):
        if spec.get('config') is None:
            continue
        record = results.find(spec['config'], spec.get('options'))
        if record is None:
            continue
        shown = dict(zip(table.header, cells, strict=True))
        label = shown['network'].text if 'network' in shown else record.method
        found.setdefault(_key(record), (label, record))
    return list(found.values())


def _of_records(records: Sequence[Record]) -> list[tuple[str, Record]]:
    summaries = [summarize(runs) for runs in group(records)]
    return [(record.method, record) for record in summaries]


def _key(record: Record) -> tuple[str, tuple[str, ...]]:
    return record.config, tuple(record.options)


def _with_panels(found: Sequence[tuple[str, Record]]) -> list[Entry]:
    lengths = {}
    for _, record in found:
        lengths.setdefault(record.dataset, set()).add(record.epochs)
    entries = []
    for label, record in found:
        panel = record.dataset
        if len(lengths[panel]) > 1 and record.epochs is not None:
            panel += f', {record.epochs} epochs'
        same = [x for x, r in found if r.dataset == record.dataset]
        if same.count(label) > 1 and len(record.modalities) == 1:
            label += f', only {next(iter(record.modalities))}'
        entries.append(Entry(label, panel, record))
    return _told_apart(entries)


def _told_apart(entries: Sequence[Entry]) -> list[Entry]:
    """Name what has one label in one panel after its config, too."""
    names = series_names([entry.record for entry in entries])
    counts = Counter((entry.panel, entry.label) for entry in entries)
    return [
        entry
        if counts[entry.panel, entry.label] == 1
        else replace(entry, label=f'{entry.label}, {name}')
        for entry, name in zip(entries, names, strict=True)
    ]


def panel_names(entries: Sequence[Entry]) -> list[str]:
    return list(dict.fromkeys(entry.panel for entry in entries))
