"""Mean and spread over the seeds of one config."""

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from multimodal_rs.results.record import Measures, Record

# The same for all seeds, where the network can be counted.
COUNTED = ('parameters', 'flops', 'input_size', 'memory_of')


def group(records: Iterable[Record]) -> list[list[Record]]:
    """Put the records together that differ in their seed only.

    Returns:
        Records with the same config and options, in the order of the first
        of each.
    """
    groups = {}
    for record in records:
        key = (record.config, tuple(record.options))
        groups.setdefault(key, []).append(record)
    return list(groups.values())


def series_names(series: Sequence[Record]) -> list[str]:
    """Name series of runs in a table, each differently.

    Args:
        series: One record of each that :func:`group` returns.

    Returns:
        The names of their configs; where several have the same, the path of
        the config with the options.
    """
    counts = Counter(record.name for record in series)
    return [
        r.name if counts[r.name] == 1 else ' '.join([r.config, *r.options])
        for r in series
    ]


def summarize(records: Sequence[Record]) -> Record:
    """Average what was measured with the same config and options.

    Args:
        records: One per seed, or a single one of whatever seeds.

    Returns:
        A record of all their seeds: measures, memory and seconds are means,
        ``spread`` is the sample standard deviation of the measures. Where a
        measure is undefined in some runs, it is that of the others. Devices,
        commits and commands are those of all runs. Memory that was measured
        in two ways (of a GPU, of a process) has no mean.

    Raises:
        ValueError: If a seed stands in two records.
    """
    if len(records) == 1:
        return records[0]
    first = records[0]
    seeds = [seed for record in records for seed in record.seeds]
    if len({*seeds}) < len(seeds) or any(len(r.seeds) > 1 for r in records):
        raise ValueError(
            f'{first.config} with the options {first.options}: expected one '
            'record per seed, or one of all seeds, got '
            f'{[r.seeds for r in records]}: remove what was replaced'
        )
    tables = [record.measures for record in records]
    classes = {
        subset: _combine([r.classes.get(subset, {}) for r in records], _mean)
        for subset in dict.fromkeys(s for r in records for s in r.classes)
    }
    numbers = ['train_seconds', 'test_seconds', 'memory_mib']
    kinds = {r.memory_of for r in records if r.memory_mib is not None}
    mixed = dict(memory_mib=None, memory_of=None) if len(kinds) > 1 else {}
    lists = ('device', 'commits')
    texts = ('command', 'note')
    return Record(
        **vars(first)
        | {key: _first_known(records, key) for key in COUNTED}
        | dict(
            seeds=seeds,
            measures=_combine(tables, _mean),
            spread=_combine(tables, _deviation),
            classes=classes,
            date=max((r.date for r in records if r.date), default=None),
            versions=_versions(records),
        )
        | {key: _mean([getattr(r, key) for r in records]) for key in numbers}
        | mixed
        | {key: _union(getattr(r, key) for r in records) for key in lists}
        | {
            key: '; '.join(_union([getattr(r, key)] for r in records)) or None
            for key in texts
        }
    )


def _combine(
    tables: Sequence[Measures],
    how: Callable[[Sequence[float | None]], float | None],
) -> Measures:
    keys = {
        (outer, inner): None
        for table in tables
        for outer, values in table.items()
        for inner in values
    }
    combined = {}
    for outer, inner in keys:
        values = [table.get(outer, {}).get(inner) for table in tables]
        combined.setdefault(outer, {})[inner] = how(values)
    return combined


def _first_known(records: Sequence[Record], key: str) -> object:
    known = (getattr(record, key) for record in records)
    return next((value for value in known if value is not None), None)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.mean(known) if known else None


def _deviation(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.stdev(known) if known[1:] else None


def _union(lists: Iterable[Sequence[str | None]]) -> list[str]:
    return list(dict.fromkeys(v for values in lists for v in values if v))


def _versions(records: Sequence[Record]) -> dict[str, str]:
    packages = dict.fromkeys(p for r in records for p in r.versions)
    return {
        package: ', '.join(_union([r.versions.get(package)] for r in records))
        for package in packages
    }
