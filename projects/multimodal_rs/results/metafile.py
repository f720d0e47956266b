"""``metafile.yml`` and ``model-index.yml`` in OpenMMLab's format."""

import re
from collections.abc import Sequence

import yaml

from multimodal_rs.results.record import Record
from multimodal_rs.results.seeds import decimals
from multimodal_rs.results.store import Results
from multimodal_rs.version import __version__

HEAD = '# Written by tools/make_tables.py from results/*.json.\n'
BATCH = re.compile(r'_(\d+)xb(\d+)-')


def metafile(results: Results, folder: str) -> str:
    """Describe a method and the models that were run.

    Args:
        results: All of them.
        folder: Of the method.
    """
    collection = results.layouts[folder]['collection']
    records = [
        record
        for name, summaries in results.summaries.items()
        if results.configs[name].startswith(f'{folder}/')
        for record in summaries
    ]
    content = dict(
        Collections=[
            dict(
                Name=collection['Name'],
                License='Apache License 2.0',
                Metadata={
                    'Training Data': sorted({r.dataset for r in records})
                },
                Paper=collection['Paper'],
                README=f'{folder}/README.md',
                Code=dict(Version=__version__),
            )
        ],
        Models=[
            _model(record, name, collection['Name'])
            for record, name in zip(records, _names(records), strict=True)
        ],
    )
    return HEAD + _dump(content)


def index(results: Results) -> str:
    """List the metafiles."""
    files = [
        f'{folder}/metafile.yml'
        for folder, layout in results.layouts.items()
        if 'collection' in layout
    ]
    return HEAD + _dump(dict(Import=files))


def _model(record: Record, name: str, collection: str) -> dict:
    match = BATCH.search(record.name)  # classical classifiers have none
    batch = None if match is None else int(match[1]) * int(match[2])
    details = {
        'Training Data': record.dataset,
        'Batch Size': batch,
        'Modalities': list(record.modalities),
        'Seeds': record.seeds,
        'Options': record.options,
        'Epochs': record.epochs,
        'Iterations': record.iterations,
        'Parameters': record.parameters,
        'FLOPs': record.flops,
        'Training Resources': ', '.join(record.device),
        'Commits': record.commits,
    }
    if record.memory_of == 'cuda':
        details['Memory (GB)'] = round(record.memory_mib / 1024, 2)
    return {
        'Name': name,
        'In Collection': collection,
        'Config': record.config,
        'Metadata': {k: v for k, v in details.items() if v not in (None, '')},
        'Results': [
            dict(
                Task='Semantic Segmentation',
                Dataset=record.dataset,
                Metrics=_metrics(record),
            )
        ],
    }


def _names(records: Sequence[Record]) -> list[str]:
    """Name records by config and options, all of these if need be."""
    short = [' '.join([r.name, *_notable(r.options)]) for r in records]
    return [
        ' '.join([record.name, *record.options])
        if short.count(name) > 1
        else name
        for record, name in zip(records, short, strict=True)
    ]


def _notable(options: list[str]) -> list[str]:
    """Leave out options that change no number."""
    silent = ('num_workers=', 'persistent_workers=')
    return [o for o in options if not any(s in o for s in silent)]


def _metrics(record: Record) -> dict[str, float]:
    found = {}
    for subset, values in record.measures.items():
        behind = '' if subset == record.everything else f' ({subset})'
        for name, value in values.items():
            if value is not None:
                digits = decimals(name)
                if record.digits is not None:
                    digits = min(digits, record.digits)
                found[f'{name}{behind}'] = round(value, digits)
    return found


def _dump(content: dict) -> str:
    return yaml.safe_dump(
        content, sort_keys=False, allow_unicode=True, width=1000
    )
