"""A record: what one finished run has measured, and with what.

The schema of everything that stands in ``configs/<method>/results/*.json``:

- ``<config>.json``: a list of :class:`Record`, one per run. A record of
  several seeds holds means and standard deviations where the numbers of the
  single runs are not kept.
- ``published.json``: a list of :class:`Published`, what papers print.
- ``figures.json``: a list of :class:`Figure`, single measurements that are no
  accuracy (a benchmark, a count), by us or by others.

Measures are percent where they are shares or kappa (``mIoU``, ``OA``, ``PA``
of a class, ...), else in their own unit (``masked_error``). ``null`` means
not known, in measures also undefined.
"""

import dataclasses
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from multimodal_rs.utils.files import write_text

SCHEMA = 1
# Subset of modalities ('opt+sar') -> measure -> value.
Measures = dict[str, dict[str, float | None]]
# Subset -> measure -> class -> value.
ClassMeasures = dict[str, dict[str, dict[str, float | None]]]


@dataclass(frozen=True)
class Record:
    """What was measured with one config, by one run or over several seeds.

    Attributes:
        schema: Version of this schema.
        config: Config file, relative to the repository.
        method: Name for people.
        dataset: Name for people.
        split: Split list of ``train``, ``val`` and ``test``, relative to the
            data; null: no single list (all tiles, or several data sets).
        modalities: Modality -> its bands, indices or names.
        seeds: Seed of the run, or of the runs.
        options: ``--cfg-options`` of the run.
        measures: Per subset of modalities, joined by ``+``. Of several seeds:
            their mean.
        spread: Sample standard deviation over the seeds; null for one seed.
        classes: Measures of single classes, per subset and measure.
        digits: Decimals to which measures and spread are known; null: all.
        parameters: Number of parameters in training.
        flops: Multiply-adds of one image, as ``ops/flops.py`` counts them.
        input_size: Modality -> (C, H, W) of the image they are counted for.
        memory_mib: Peak of the memory in training, in MiB.
        memory_of: Whose: ``'cuda'`` (tensors on the GPU) or ``'process'``
            (resident memory of the training process).
        train_seconds: Wall clock of training, with its validations.
        test_seconds: Wall clock of the test of all subsets.
        epochs: Epochs that were trained; null where iterations count.
        iterations: Iterations that were trained.
        device: GPUs or processors that it ran on.
        commits: Commits that it ran at.
        command: What was typed.
        versions: Package -> version.
        date: Day on which the last run ended, ISO 8601.
        note: What else has to be known about it.
    """

    schema: int
    config: str
    method: str
    dataset: str
    split: dict[str, str | None]
    modalities: dict[str, list]
    seeds: list[int]
    options: list[str]
    measures: Measures
    spread: Measures | None
    classes: ClassMeasures
    digits: int | None
    parameters: int | None
    flops: int | None
    input_size: dict[str, list[int]] | None
    memory_mib: float | None
    memory_of: str | None
    train_seconds: float | None
    test_seconds: float | None
    epochs: int | None
    iterations: int | None
    device: list[str]
    commits: list[str]
    command: str | None
    versions: dict[str, str]
    date: str | None
    note: str | None

    @property
    def name(self) -> str:
        """Name of the config."""
        return Path(self.config).stem

    @property
    def everything(self) -> str:
        """Key of all modalities together."""
        return next(iter(self.measures))

    def subset_key(self, subset: str) -> str:
        """Find the key of some modalities, whatever order it has here.

        Args:
            subset: Their names, joined by ``+``.

        Returns:
            Key of ``measures``; ``subset`` where they were not tested.
        """
        names = {*subset.split('+')}
        keys = (key for key in self.measures if {*key.split('+')} == names)
        return next(keys, subset)


@dataclass(frozen=True)
class Published:
    """What others print about a method; never measured here.

    Attributes:
        id: By which tables name it.
        method: As the source calls it.
        dataset: Name for people.
        subset: Modalities that were tested, joined by ``+``.
        measures: In percent.
        classes: Measure -> class -> percent.
        digits: Decimals that are printed.
        source: Where it is printed.
    """

    id: str
    method: str
    dataset: str
    subset: str
    measures: dict[str, float]
    classes: dict[str, dict[str, float]]
    digits: int
    source: str


@dataclass(frozen=True)
class Figure:
    """A measurement or count that is no accuracy.

    Attributes:
        id: By which tables name it.
        values: The number, or those of several runs.
        digits: Decimals that are known.
        unit: ``'s'``, ``'GiB'``, ``'G'``, ...; empty for plain counts.
        low: Lowest of the single values behind ``values``; null: not known.
        high: Highest of them.
        remark: What a table says behind it.
        ours: Whether it was measured or counted here.
        source: Where others state it, or with what it was made here.
        commit: At which it was made here.
        device: On which it was measured.
    """

    id: str
    values: list[float]
    digits: int
    unit: str
    low: float | None
    high: float | None
    remark: str | None
    ours: bool
    source: str
    commit: str | None
    device: str | None


Entry = TypeVar('Entry', Record, Published, Figure)


def read_entries(path: str | os.PathLike, kind: type[Entry]) -> list[Entry]:
    """Read a file that lists records, published numbers or figures.

    Raises:
        ValueError: If it is no list of them; names file, entry and key.
    """
    content = _load(path)
    if not isinstance(content, list):
        raise ValueError(
            f'{path}: expected a list of {kind.__name__}, got '
            f'{type(content).__name__}'
        )
    return [
        from_plain(entry, kind, f'{path}: entry {number}')
        for number, entry in enumerate(content)
    ]


def read_record(path: str | os.PathLike) -> Record:
    """Read the single record that a run has left.

    Raises:
        ValueError: If it is none; names file and key.
    """
    return from_plain(_load(path), Record, str(path))


def write_entries(path: str | os.PathLike, entries: Sequence[Entry]) -> None:
    """Write a list of entries of one kind as JSON."""
    _dump(path, [dataclasses.asdict(entry) for entry in entries])


def write_record(path: str | os.PathLike, record: Record) -> None:
    """Write a single record as JSON."""
    _dump(path, dataclasses.asdict(record))


def from_plain(content: Any, kind: type[Entry], where: str) -> Entry:
    """Check what was read from JSON.

    Args:
        content: A dict with exactly the attributes of ``kind``.
        kind: Record, Published or Figure.
        where: File (and entry), for messages.

    Raises:
        ValueError: If a key is missing, unknown or of another type.
    """
    if not isinstance(content, Mapping):
        raise ValueError(f'{where}: expected a dict, got {content!r}')
    fields = {field.name: field.type for field in dataclasses.fields(kind)}
    unknown = sorted(set(content) - set(fields))
    missing = sorted(set(fields) - set(content))
    if unknown or missing:
        raise ValueError(
            f'{where}: a {kind.__name__} has exactly the keys of '
            f'results/record.py; unknown: {unknown}, missing: {missing} '
            '(null where it is not known)'
        )
    for key, annotation in fields.items():
        if not fits(content[key], annotation):
            raise ValueError(
                f'{where}: {key} must be {annotation_name(annotation)}, got '
                f'{content[key]!r}'
            )
    entry = kind(**content)
    if isinstance(entry, Record):
        _check_record(entry, where)
    return entry


def fits(value: Any, annotation: Any) -> bool:
    """Say whether a value from JSON has the annotated type."""
    kind = getattr(annotation, '__origin__', None)
    parts = getattr(annotation, '__args__', ())
    if annotation is None or annotation is type(None):
        return value is None
    if kind is list:
        return isinstance(value, list) and all(
            fits(item, parts[0]) for item in value
        )
    if kind is dict:
        return isinstance(value, dict) and all(
            fits(k, parts[0]) and fits(v, parts[1]) for k, v in value.items()
        )
    if parts:  # a union
        return any(fits(value, part) for part in parts)
    if annotation is bool:
        return isinstance(value, bool)
    if annotation is float:
        number = isinstance(value, (int, float))
        return number and not isinstance(value, bool) and math.isfinite(value)
    if annotation is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, annotation)


def annotation_name(annotation: Any) -> str:
    """Write a type as people do."""
    if isinstance(annotation, type) and not hasattr(annotation, '__args__'):
        return annotation.__name__
    return str(annotation).replace('None', 'null')


def _check_record(record: Record, where: str) -> None:
    """Check what types do not say."""
    several = len(record.seeds) > 1
    problems = {
        f'schema must be {SCHEMA}': record.schema != SCHEMA,
        'config must be relative to the repository': os.path.isabs(
            record.config
        ),
        'seeds must have at least one': not record.seeds,
        'seeds must be different': len({*record.seeds}) < len(record.seeds),
        'measures must have at least one subset': not record.measures,
        'spread must be null for one seed': not several
        and record.spread is not None,
        'spread must have the subsets and measures of measures': (
            record.spread is not None
            and _keys(record.spread) != _keys(record.measures)
        ),
        'classes must be of subsets in measures': not (
            set(record.classes) <= set(record.measures)
        ),
        "memory_of must be 'cuda' or 'process' where memory_mib is known": (
            record.memory_mib is not None
            and record.memory_of not in ('cuda', 'process')
        ),
    }
    found = [text for text, wrong in problems.items() if wrong]
    if found:
        raise ValueError(f'{where}: {"; ".join(found)}')


def _keys(measures: Measures) -> dict[str, set[str]]:
    return {subset: set(values) for subset, values in measures.items()}


def _load(path: str | os.PathLike) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding='utf-8'))
    except ValueError as error:  # no JSON, or no text
        raise ValueError(
            f'{path}: expected JSON: {error}: restore it; the record of a run '
            'can be deleted, and tools/run_seeds.py makes it again'
        ) from error


def _dump(path: str | os.PathLike, content: Any) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, text + '\n')
