"""Report of a training and its test."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmseg.registry import DATASETS

from multimodal_rs.evaluation.confusion import MEASURES
from multimodal_rs.reports import charts, embed
from multimodal_rs.reports.accuracy_blocks import accuracy_blocks, percent
from multimodal_rs.reports.page import (
    Block,
    Details,
    Gallery,
    Page,
    Paragraph,
    Picture,
    Section,
    Table,
)
from multimodal_rs.reports.run_files import (
    RunFiles,
    contact_sheet,
    read_run,
)

HEADLINE = ('mIoU', 'OA', 'kappa', 'mF1')


def run_page(folder: Path) -> Page:
    """Make the page of a run.

    Args:
        folder: Work directory of a training and its test.

    Raises:
        FileNotFoundError: If it holds no test.
    """
    run = read_run(folder)
    everything = next(iter(run.accuracy))
    summary = run.accuracy[everything].summary
    return Page(
        title=run.name,
        subtitle=f'Tested on {_when(run.test.name)}, with {everything}',
        headline=[(name, percent(summary[name])) for name in HEADLINE],
        sections=[
            Section('accuracy', 'Accuracy', _accuracy(run)),
            Section('subsets', 'Missing sensors', _subsets(run)),
            Section('tiles', 'Tiles', _tiles(run)),
            Section('training', 'Training', _training(run)),
            Section('data', 'Modalities', _modalities(run.config)),
            Section('settings', 'Settings', _settings(run)),
        ],
    )


def _accuracy(run: RunFiles) -> list[Block]:
    accuracy = next(iter(run.accuracy.values()))
    subsets = {
        subset: {row['class']: row['IoU'] for row in found.classes}
        for subset, found in run.accuracy.items()
    }
    blocks = accuracy_blocks(accuracy, _palette(run), subsets)
    if run.calibration is not None:
        blocks.append(_calibration(run.calibration))
    return blocks


def _calibration(content: Mapping) -> Picture:
    pixels = np.array(content['pixels'])
    figure = charts.calibration_chart(
        np.array(content['confidence'], float),
        np.array(content['accuracy'], float),
        pixels / max(pixels.sum(), 1),
    )
    caption = (
        'How often the network is right where it says how sure it is; '
        f'expected calibration error {content["ECE"]:.2f} percent'
    )
    return Picture(embed.chart(figure), caption)


def _subsets(run: RunFiles) -> list[Block]:
    if len(run.accuracy) < 2:
        return []
    rows = [
        [subset, *(percent(found.summary[name]) for name in MEASURES)]
        for subset, found in run.accuracy.items()
    ]
    text = (
        'The same network, tested with each set of modalities alone; what is '
        'missing is not read.'
    )
    return [Paragraph(text), Table(['modalities', *MEASURES], rows)]


def _tiles(run: RunFiles) -> list[Block]:
    sheet = contact_sheet(run)
    if sheet is None:
        text = (
            'No tile was drawn. tools/test.py draws the tiles with the most '
            'wrong pixels with the options `--cfg-options '
            'default_hooks.visualization.draw=True '
            'default_hooks.visualization.chosen=worst`.'
        )
        return [Paragraph(text)]
    hook = run.config.get('default_hooks', {}).get('visualization', {})
    which = {
        'worst': 'The tiles with the most wrong pixels',
        'best': 'The tiles with the fewest wrong pixels',
    }.get(hook.get('chosen'), 'The first tiles that were drawn')
    return [Picture(embed.picture_file(sheet), which, wide=True)]


def _training(run: RunFiles) -> list[Block]:
    drawn = []
    if run.curves.losses:
        figure = charts.curves_chart(run.curves.losses, 'loss')
        drawn.append(Picture(embed.chart(figure), 'Losses in training'))
    shares = {k: v for k, v in run.curves.validation.items() if k in MEASURES}
    others = {
        k: v for k, v in run.curves.validation.items() if k not in MEASURES
    }
    if shares:
        figure = charts.curves_chart(shares, 'percent')
        drawn.append(Picture(embed.chart(figure), 'Accuracy in validation'))
    if others:
        figure = charts.curves_chart(others, ', '.join(others))
        drawn.append(Picture(embed.chart(figure), 'Losses in validation'))
    return [Gallery(drawn)] if drawn else []


def _modalities(config: Config) -> list[Block]:
    """What the network was given, not what a variable of the config says."""
    model = config.get('model') or {}
    model = model.get('module') or model  # in test-time augmentation
    preprocessor = model.get('data_preprocessor') or {}
    declared = preprocessor.get('modalities') or {}
    rows = [
        [
            name,
            ', '.join(map(str, modality.get('bands', []))),
            str(modality.get('unit', '')),
            _numbers(modality.get('mean')),
            _numbers(modality.get('std')),
        ]
        for name, modality in declared.items()
    ]
    header = ['modality', 'bands', 'unit', 'mean', 'deviation']
    return [Table(header, rows)] if rows else []


def _settings(run: RunFiles) -> list[Block]:
    config, costs = run.training, run.costs
    loader = config.get('train_dataloader') or {}
    optimizer = (config.get('optim_wrapper') or {}).get('optimizer') or {}
    facts = {
        'network': _types(config.get('model') or {}),
        'data': str((loader.get('dataset') or {}).get('data_root', '')),
        'samples per iteration': str(loader.get('batch_size', '')),
        'optimiser': ', '.join(f'{k} {v}' for k, v in optimizer.items()),
        'training loop': ', '.join(
            f'{k} {v}' for k, v in (config.get('train_cfg') or {}).items()
        ),
        'seed': str((config.get('randomness') or {}).get('seed', '')),
        'parameters': _count(costs.get('testing_parameters')),
        'training': _seconds(costs.get('training_seconds')),
        'test': _seconds(costs.get('testing_seconds')),
        'device': str(costs.get('training_device', '')),
        **run.versions,
    }
    rows = [[name, value] for name, value in facts.items() if value]
    return [
        Table(['setting', 'value'], rows),
        Details('The whole config of the training', config.pretty_text),
    ]


def _palette(run: RunFiles) -> list[tuple[int, int, int]]:
    """Colours of the classes that were tested; grey where not known."""
    number = len(next(iter(run.accuracy.values())).classes)
    palette = _declared_palette(run.config)
    if len(palette) != number:
        return [(120, 130, 140)] * number
    return palette


def _declared_palette(config: Config) -> Sequence[Sequence[int]]:
    dataset = (config.get('test_dataloader') or {}).get('dataset') or {}
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    metainfo = dataset.get('metainfo') or {}
    kind = DATASETS.get(dataset['type']) if 'type' in dataset else None
    known = getattr(kind, 'METAINFO', {})
    return metainfo.get('palette') or known.get('palette') or []


def _types(model: Mapping) -> str:
    parts = {'network': model.get('type')}
    for part in ('backbone', 'neck', 'decode_head'):
        described = model.get(part)
        if isinstance(described, list):
            described = described[0] if described else None
        if isinstance(described, Mapping):
            parts[part] = described.get('type')
    return ', '.join(str(name) for name in parts.values() if name)


def _when(name: str) -> str:
    """Write the name of mmengine's folder, 20261129_075303, as a time."""
    day, _, time = name.partition('_')
    if not (day.isdigit() and len(day) == 8 and len(time) >= 4):
        return name
    return f'{day[:4]}-{day[4:6]}-{day[6:]} {time[:2]}:{time[2:4]}'


def _numbers(values: Sequence[float] | None) -> str:
    return ', '.join(f'{value:.4g}' for value in values or [])


def _count(number: object) -> str:
    return f'{number:,}' if isinstance(number, int) else ''


def _seconds(value: object) -> str:
    return f'{value:.0f} s' if isinstance(value, (int, float)) else ''
