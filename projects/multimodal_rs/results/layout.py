"""Layout of a table: from ``tables.json`` and records to cells.

A table in ``tables.json`` is a dict:

- ``columns``: a list of dicts with ``title`` and one of

  - ``text``: true; the row says what stands there;
  - ``record``: an attribute of the record, see :data:`ATTRIBUTES`. A row may
    say it otherwise under ``text``;
  - ``measure``: of the record, for the row's subset, or for ``subset`` of the
    column (and empty if the network was not tested with that);
  - ``difference``: a measure of the record less that of the config named by
    ``from``, run by run with the same seed and options (and empty in that
    config's own row);
  - ``published``: a measure that a paper prints;
  - ``figure``: true; the row names entries of ``figures.json``;

- ``rows``: a list of dicts with ``text`` (title -> text), ``config`` (its
  name), ``options`` (where there are records with several), ``subset``,
  ``published`` (an id), ``figures`` (title -> id) and ``group``, each where
  needed. Where a config has no record yet, its cells are empty;
- ``best``: title -> ``'max'`` or ``'min'``: the best of each group of rows is
  bold. Rows without ``group`` are one group; those of group null are not
  compared.

Numbers never stand in ``tables.json``: a measured column has text without
digits only (``'not used'``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from multimodal_rs.results import paired
from multimodal_rs.results.record import Figure, Record
from multimodal_rs.results.seeds import decimals, show
from multimodal_rs.results.store import Results
from multimodal_rs.utils.tables import latex_table, markdown_table

KINDS = ('text', 'record', 'measure', 'difference', 'published', 'figure')
MEASURED = ('measure', 'difference', 'published', 'figure')
COLUMN_KEYS = {'title', 'subset', 'from', *KINDS}
ROW_KEYS = {'text', 'config', 'options', 'subset', 'published', 'figures'}
TABLE_KEYS = {'columns', 'rows', 'best'}
# Attributes of a record that a column can show.
ATTRIBUTES: dict[str, Callable[[Record, str], str]] = {
    'method': lambda r, subset: r.method,
    'dataset': lambda r, subset: r.dataset,
    'config': lambda r, subset: f'`{r.name}`',
    'trained': lambda r, subset: ' + '.join(r.modalities),
    'tested': lambda r, subset: subset.replace('+', ' + '),
    'epochs': lambda r, subset: _scaled(r.epochs, 1, 0),
    'seeds': lambda r, subset: ', '.join(map(str, r.seeds)),
    'commits': lambda r, subset: ', '.join(r.commits),
    'parameters': lambda r, subset: _scaled(r.parameters, 1e6, 1),
    'flops': lambda r, subset: _scaled(r.flops, 1e9, 2),
    'memory_mib': lambda r, subset: _scaled(r.memory_mib, 1, 0),
    'train_seconds': lambda r, subset: _scaled(r.train_seconds, 1, 0),
    'test_seconds': lambda r, subset: _scaled(r.test_seconds, 1, 0),
}


@dataclass
class Cell:
    """One cell: what is shown, and the numbers behind it."""

    text: str = ''
    value: float | None = None
    spread: float | None = None


@dataclass
class Table:
    """A table that can be written in any format."""

    columns: list[dict]
    rows: list[list[Cell]]

    @property
    def header(self) -> list[str]:
        """Titles of the columns."""
        return [column['title'] for column in self.columns]

    def markdown(self) -> str:
        """Lay it out in Markdown."""
        return markdown_table(self.header, self._texts())

    def latex(self) -> str:
        """Lay it out for booktabs."""
        numeric = [_kind(column) in MEASURED for column in self.columns]
        return latex_table(self.header, self._texts(), numeric)

    def csv(self) -> tuple[list[str], list[list]]:
        """Return header and rows, numbers as exact as they are known.

        A measured column is followed by one with the standard deviation.
        """
        header, rows = [], [[] for _ in self.rows]
        for number, column in enumerate(self.columns):
            header.append(column['title'])
            cells = [row[number] for row in self.rows]
            numbers = _kind(column) in ('measure', 'published')
            for row, cell in zip(rows, cells, strict=True):
                row.append(cell.value if numbers else cell.text)
            if any(cell.spread is not None for cell in cells):
                header.append(f'{column["title"]} sd')
                for row, cell in zip(rows, cells, strict=True):
                    row.append(cell.spread)
        return header, rows

    def _texts(self) -> list[list[str]]:
        return [[cell.text for cell in row] for row in self.rows]


def build_table(spec: Mapping, results: Results, where: str) -> Table:
    """Fill a table.

    Args:
        spec: From ``tables.json``.
        results: All of them.
        where: File and name of the table, for messages.

    Raises:
        ValueError: If the table is declared wrongly.
        KeyError: If it names something that is not there.
    """
    _check_keys(spec, TABLE_KEYS, where)
    for column in spec['columns']:
        _check_keys(column, COLUMN_KEYS, where)
        _kind(column)
    rows = []
    for number, row in enumerate(spec['rows']):
        place = f'{where}: row {number}'
        _check_keys(row, ROW_KEYS | {'group'}, place)
        _check_text(spec['columns'], row, place)
        rows.append([_cell(c, row, results, place) for c in spec['columns']])
    table = Table(list(spec['columns']), rows)
    for title, rule in spec.get('best', {}).items():
        _mark_best(table, spec['rows'], title, rule)
    return table


def show_figure(figure: Figure) -> str:
    """Write a single measurement as a table has it."""
    unit = f' {figure.unit}' if figure.unit else ''

    def write(value: float) -> str:
        return f'{value:,.{figure.digits}f}'

    text = ', '.join(f'{write(value)}{unit}' for value in figure.values)
    if figure.low is not None and figure.high is not None:
        text += f' (single steps {write(figure.low)} to {write(figure.high)})'
    return f'{text}: {figure.remark}' if figure.remark else text


def _cell(column: Mapping, row: Mapping, results: Results, where: str) -> Cell:
    kind, title = _kind(column), column['title']
    try:
        if title in row.get('text', {}):
            return Cell(row['text'][title])
        if kind == 'figure':
            return _figure_cell(row, title, results)
        if kind == 'published':
            return _published_cell(row, column, results)
        if kind == 'text' or row.get('config') is None:
            return Cell()
        record = results.find(row['config'], row.get('options'))
        if record is None:
            return Cell()
        subset = column.get('subset') or row.get('subset')
        subset = record.subset_key(subset or record.everything)
        if kind == 'record':
            return Cell(ATTRIBUTES[column['record']](record, subset))
        if column.get('subset') and subset not in record.measures:
            return Cell()
        if kind == 'difference':
            return _difference_cell(record, subset, column, results)
        return _measure_cell(record, subset, column['measure'])
    except KeyError as error:
        raise KeyError(f'{where}, {title}: {error.args[0]}') from error


def _measure_cell(record: Record, subset: str, measure: str) -> Cell:
    if subset not in record.measures:
        raise KeyError(
            f'{record.config} was not tested with {subset!r}, only with '
            f'{list(record.measures)}'
        )
    if measure not in record.measures[subset]:
        raise KeyError(
            f'{record.config} has no {measure!r}, only '
            f'{list(record.measures[subset])}'
        )
    value = record.measures[subset][measure]
    spread = record.spread[subset][measure] if record.spread else None
    digits = decimals(measure)
    if record.digits is not None:
        digits = min(digits, record.digits)
    return Cell(show(value, spread, digits), value, spread)


def _difference_cell(
    record: Record, subset: str, column: Mapping, results: Results
) -> Cell:
    other, measure = column['from'], column['difference']
    both = (record.name, other)
    own, baseline = (results.runs_of(n, record.options) for n in both)
    found = paired.paired_difference(own, baseline, subset, measure)
    if found is None or record.name == other:
        return Cell()
    return Cell(paired.show(found, decimals(measure)), found.mean)


def _published_cell(row: Mapping, column: Mapping, results: Results) -> Cell:
    if row.get('published') is None:
        return Cell()
    entry = results.published[row['published']]
    value = entry.measures.get(column['published'])
    return Cell(show(value, None, entry.digits), value)


def _figure_cell(row: Mapping, title: str, results: Results) -> Cell:
    name = row.get('figures', {}).get(title)
    if name is None:
        return Cell()
    figure = results.figures[name]
    return Cell(show_figure(figure))


def _mark_best(
    table: Table, specs: list[Mapping], title: str, rule: str
) -> None:
    column = table.header.index(title)
    choose = {'max': max, 'min': min}[rule]
    groups = {}
    for spec, row in zip(specs, table.rows, strict=True):
        name, cell = spec.get('group', ''), row[column]
        if name is not None and cell.value is not None:
            groups.setdefault(name, []).append(cell)
    for cells in groups.values():
        best = choose(cell.value for cell in cells)
        for cell in cells:
            if cell.value == best:
                cell.text = f'**{cell.text}**'


def _kind(column: Mapping) -> str:
    kinds = [kind for kind in KINDS if column.get(kind)]
    if len(kinds) != 1:
        raise ValueError(f'column {column}: expected one of {KINDS}')
    if ('from' in column) != (kinds == ['difference']):
        raise ValueError(
            f'column {column}: `difference` and `from`, the config that it is '
            'taken from, belong together'
        )
    return kinds[0]


def _check_keys(content: Mapping, known: set[str], where: str) -> None:
    unknown = sorted(set(content) - known)
    if unknown:
        raise ValueError(
            f'{where}: unknown keys {unknown}, known: {sorted(known)}'
        )


def _check_text(columns: list[Mapping], row: Mapping, where: str) -> None:
    kinds = {column['title']: _kind(column) for column in columns}
    for title, text in row.get('text', {}).items():
        if title not in kinds:
            raise ValueError(
                f'{where}: text for {title!r}, the columns are {list(kinds)}'
            )
        if kinds[title] in MEASURED and any(c.isdigit() for c in text):
            raise ValueError(
                f'{where}: {title} is {text!r}: numbers of a measured column '
                'come from records only'
            )


def _scaled(value: float | None, unit: float, digits: int) -> str:
    return '' if value is None else f'{value / unit:.{digits}f}'
