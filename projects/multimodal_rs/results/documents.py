"""Documents that are written from the records: READMEs, metafiles, exports."""

import re
from pathlib import Path

from multimodal_rs.results.layout import Table, build_table
from multimodal_rs.results.metafile import index, metafile
from multimodal_rs.results.store import LAYOUT, Results
from multimodal_rs.utils.files import write_text
from multimodal_rs.utils.tables import write_csv

# A table in a README stands between `<!-- table: NAME -->` and `<!-- end -->`.
BLOCK = re.compile(
    r'(<!-- table: (?P<name>\S+) -->\n)(?P<body>.*?)(<!-- end -->)', re.DOTALL
)


def documents(results: Results) -> dict[Path, str]:
    """Write every document that has something from the records.

    Args:
        results: All of them.

    Returns:
        File -> its text as it should be.

    Raises:
        ValueError: If a README lacks the markers of a table, or has some of a
            table that is not declared.
    """
    texts = {}
    for folder, layout in results.layouts.items():
        readme = results.root / folder / 'README.md'
        if folder == 'configs':
            readme = results.root / 'README.md'
        found = tables(results, folder)
        texts[readme] = fill(
            readme, {k: t.markdown() for k, t in found.items()}
        )
        if 'collection' in layout:
            file = results.root / folder / 'metafile.yml'
            texts[file] = metafile(results, folder)
    texts[results.root / 'model-index.yml'] = index(results)
    return texts


def tables(results: Results, folder: str) -> dict[str, Table]:
    """Build the tables that a method's ``tables.json`` declares.

    Args:
        results: All of them.
        folder: Of the method, or ``configs``.

    Returns:
        Name -> table.
    """
    specs = results.layouts[folder].get('tables', {})
    return {
        name: build_table(spec, results, f'{folder}, {LAYOUT}: {name}')
        for name, spec in specs.items()
    }


def fill(readme: Path, found: dict[str, str]) -> str:
    """Put tables between their markers.

    Args:
        readme: Markdown file.
        found: Name of a table -> its Markdown.

    Returns:
        The text of the file with these tables.
    """
    text = readme.read_text(encoding='utf-8')
    marked = [match['name'] for match in BLOCK.finditer(text)]
    if sorted(marked) != sorted(found):
        raise ValueError(
            f'{readme}: expected `<!-- table: NAME -->` and `<!-- end -->` '
            f'once for each of {sorted(found)}, got {sorted(marked)}'
        )

    def replace(match: re.Match) -> str:
        return f'{match[1]}{found[match["name"]]}\n{match[4]}'

    return BLOCK.sub(replace, text)


def stale(texts: dict[Path, str]) -> list[Path]:
    """Return the files that are not what they should be."""
    return [
        path
        for path, text in texts.items()
        if not path.exists() or path.read_text(encoding='utf-8') != text
    ]


def export(
    results: Results, csv: Path | None = None, latex: Path | None = None
) -> list[Path]:
    """Write every table for other programs.

    Args:
        results: All of them.
        csv: Folder for CSV files, numbers as exact as they are known.
        latex: Folder for LaTeX files (package booktabs).

    Returns:
        The files.
    """
    written = []
    for folder in results.layouts:
        for name, table in tables(results, folder).items():
            stem = f'{Path(folder).name}-{name}'
            if csv is not None:
                written.append(csv / f'{stem}.csv')
                write_csv(written[-1], *table.csv())
            if latex is not None:
                written.append(latex / f'{stem}.tex')
                write_text(written[-1], table.latex())
    return written
