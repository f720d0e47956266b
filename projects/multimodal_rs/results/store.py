"""All published results of the repository, read and checked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from multimodal_rs.results.record import (
    Figure,
    Published,
    Record,
    read_entries,
    read_record,
    write_entries,
)
from multimodal_rs.results.summary import group, summarize
from multimodal_rs.utils.files import read_json

PUBLISHED, FIGURES, LAYOUT = 'published.json', 'figures.json', 'tables.json'


@dataclass(frozen=True)
class Results:
    """What ``configs`` knows.

    Attributes:
        root: Of the repository.
        configs: Name of a config -> its file, relative to the repository.
        summaries: Name of a config -> one record per set of options.
        published: Id -> what a paper prints.
        figures: Id -> a single measurement.
        layouts: Folder of a method (``configs/joitrinet``), or ``configs``
            for the main README -> its ``tables.json``.
        records: Name of a config -> its records, one for each run.
    """

    root: Path
    configs: dict[str, str]
    summaries: dict[str, list[Record]]
    published: dict[str, Published]
    figures: dict[str, Figure]
    layouts: dict[str, dict]
    records: dict[str, list[Record]] = field(default_factory=dict)

    def runs_of(self, config: str, options: list[str]) -> list[Record]:
        """List the records of a config that are of one run each.

        Args:
            config: Name, without folder and suffix.
            options: Of the runs.

        Raises:
            KeyError: If there is no such config.
        """
        self._check(config)
        found = self.records.get(config, [])
        return [r for r in found if r.options == options and not r.seeds[1:]]

    def find(self, config: str, options: list[str] | None) -> Record | None:
        """Find what was measured with a config.

        Args:
            config: Name, without folder and suffix.
            options: Of the runs. None: whichever they had.

        Returns:
            The summary over the seeds; None if nothing was run.

        Raises:
            KeyError: If there is no such config.
            ValueError: If there are several and no options were given.
        """
        self._check(config)
        found = self.summaries.get(config, [])
        if options is not None:
            found = [r for r in found if r.options == options]
        if len(found) > 1:
            raise ValueError(
                f'{config} has records with the options '
                f'{[r.options for r in found]}: name one of them as `options`'
            )
        return found[0] if found else None

    def _check(self, config: str) -> None:
        if config not in self.configs:
            raise KeyError(f'there is no config {config!r} in configs/*/')


def read_results(root: Path) -> Results:
    """Read every results folder below ``configs``.

    Args:
        root: Of the repository.

    Raises:
        ValueError: If a file is not what it should be, a record names a
            config that does not exist or stands in a file of another name,
            or an id stands twice.
    """
    configs = {
        path.stem: path.relative_to(root).as_posix()
        for path in sorted((root / 'configs').glob('[!_]*/*.py'))
    }
    results = Results(root, configs, {}, {}, {}, {})
    top = root / 'configs' / LAYOUT
    if top.exists():
        results.layouts['configs'] = _read_layout(top)
    for folder in sorted((root / 'configs').glob('[!_]*/results')):
        method = folder.parent.relative_to(root).as_posix()
        for path in sorted(folder.glob('*.json')):
            if path.name == LAYOUT:
                results.layouts[method] = _read_layout(path)
            elif path.name == PUBLISHED:
                _put(results.published, read_entries(path, Published), path)
            elif path.name == FIGURES:
                _put(results.figures, read_entries(path, Figure), path)
            else:
                records = _read_records(path, root)
                results.records[path.stem] = records
                results.summaries[path.stem] = list(
                    map(summarize, group(records))
                )
    return results


def result_files(root: Path) -> Iterator[Path]:
    """List the files that :func:`read_results` reads."""
    yield root / 'configs' / LAYOUT
    yield from (root / 'configs').glob('[!_]*/results/*.json')


def add_record(path: Path, root: Path) -> Path:
    """Take the record of a run into the published ones.

    It replaces records of the same config and options that have its seed,
    also a record of several seeds.

    Args:
        path: ``record.json`` of a run.
        root: Of the repository.

    Returns:
        The file that has it now.

    Raises:
        ValueError: If its config is not in the repository.
    """
    new = read_record(path)
    config = root / new.config
    if not config.is_file() or config.parent.parent != root / 'configs':
        raise ValueError(
            f'{path}: expected a config of this repository, '
            f'configs/<method>/<name>.py, got {new.config!r}'
        )
    target = config.parent / 'results' / f'{config.stem}.json'
    old = read_entries(target, Record) if target.exists() else []
    kept = [
        r
        for r in old
        if r.options != new.options or not {*r.seeds} & {*new.seeds}
    ]
    write_entries(target, [*kept, new])
    return target


def _read_records(path: Path, root: Path) -> list[Record]:
    records = read_entries(path, Record)
    for record in records:
        if not (root / record.config).is_file():
            raise ValueError(
                f'{path}: there is no config {record.config!r}: correct the '
                'record, or delete it with its config'
            )
        expected = (root / record.config).parent / 'results'
        if expected != path.parent or record.name != path.stem:
            raise ValueError(
                f'{path}: a record of {record.config} belongs to '
                f'{expected.relative_to(root)}/{record.name}.json'
            )
    return records


def _read_layout(path: Path) -> dict:
    layout = read_json(path, 'restore it from the repository')
    known = {'names', 'collection', 'tables', 'pictures'}
    unknown = sorted(set(layout) - known)
    if unknown:
        raise ValueError(f'{path}: unknown keys {unknown}, known: {known}')
    return layout


def _put(target: dict, entries: Iterable, path: Path) -> None:
    for entry in entries:
        if entry.id in target:
            raise ValueError(f'{path}: the id {entry.id!r} stands twice')
        target[entry.id] = entry
