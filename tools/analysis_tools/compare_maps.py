#!/usr/bin/env python3
"""Maps of several networks side by side, on tiles of the test set.

    python tools/analysis_tools/compare_maps.py WORK_DIR [WORK_DIR ...] \
        --out maps.png

From each work directory the best checkpoint is taken, with the config that the
training has copied there. A row of the picture is a tile: its images and
label, then the map of each network with the share of wrong pixels. All have to
be tested on the same tiles and know the same classes.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from _bootstrap import command_line, start

start(__name__)

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from torch import nn
from torch.utils.data import Dataset

from multimodal_rs.apis import init_model
from multimodal_rs.apis.trained_dataset import trained_dataset
from multimodal_rs.utils.outputs import check_outputs
from multimodal_rs.visualization.composites import colorize
from multimodal_rs.visualization.panel import (
    Picture,
    Row,
    contact_sheet,
    save_png,
    share_wrong,
    tile_row,
)
from multimodal_rs.weights.work_dirs import best_checkpoint


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw one sheet.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code.
    """
    args = _parse(arguments)
    checkpoints = [best_checkpoint(folder) for folder in args.work_dirs]
    configs = [_config(folder) for folder in args.work_dirs]
    check_outputs({'--out': args.out}, [*checkpoints, *configs])
    rows, meta = None, None
    for config, checkpoint, name in zip(
        configs, checkpoints, args.legend, strict=True
    ):
        model = init_model(config, checkpoint, args.device)
        dataset = trained_dataset(model.cfg.test_dataloader.dataset, model)
        samples = _samples(dataset, args.count)
        if rows is None:
            meta = model.dataset_meta
            rows = [_tile(sample, dataset) for sample in samples]
        _check_classes(config, model.dataset_meta, meta)
        maps = _maps(model, samples)
        rows = [
            _with_map(row, name, sample, ids, meta['palette'])
            for row, sample, ids in zip(rows, samples, maps, strict=True)
        ]
    sheet = contact_sheet(rows, meta['classes'], meta['palette'], '', 192)
    save_png(sheet, args.out)
    print(f'Wrote {args.out}')
    return 0


def _config(folder: Path) -> Path:
    # A name of digits is that of a run that was given the copy.
    found = sorted(folder.glob('[!0-9]*.py'))
    if len(found) != 1:
        raise ValueError(
            f'{folder}: expected one config, which a training copies there, '
            f'found {[path.name for path in found]}: name a work directory'
        )
    return found[0]


def _check_classes(config: Path, meta: Mapping, first: Mapping) -> None:
    found, expected = list(meta['classes']), list(first['classes'])
    if found != expected:
        raise ValueError(
            f'{config}: expected the classes of the first network, '
            f'{expected}, got {found}: all maps have the same colours, so '
            'compare networks of the same classes'
        )


def _samples(dataset: Dataset, count: int) -> list[dict]:
    """Take tiles at equal distances in the list."""
    count = min(count, len(dataset))
    places = np.linspace(0, len(dataset) - 1, count).round().astype(int)
    return [_upright(dataset[i]) for i in places.tolist()]


def _upright(sample: dict) -> dict:
    """Of test-time augmentation, take the view that is not flipped."""
    if isinstance(sample['inputs'], Mapping):
        return sample
    views = zip(sample['inputs'], sample['data_samples'], strict=True)
    inputs, meant = next(v for v in views if not v[1].metainfo.get('flip'))
    return dict(inputs=inputs, data_samples=meant)


def _maps(model: nn.Module, samples: Sequence[dict]) -> list[np.ndarray]:
    """Predict (H, W) train ids of each tile."""
    with torch.no_grad():
        results = model.test_step(pseudo_collate(samples))
    return [r.pred_sem_seg.data.squeeze(0).cpu().numpy() for r in results]


def _tile(sample: dict, dataset: Dataset) -> Row:
    return tile_row(
        str(sample['data_samples'].metainfo['sample_id']),
        {m: x.numpy() for m, x in sample['inputs'].items()},
        dataset.modalities,
        dataset.metainfo['palette'],
        label=_label(sample),
    )


def _label(sample: dict) -> np.ndarray:
    return sample['data_samples'].gt_sem_seg.data.squeeze(0).numpy()


def _with_map(
    row: Row,
    name: str,
    sample: dict,
    ids: np.ndarray,
    palette: Sequence[Sequence[int]],
) -> Row:
    """Add a network's map to the row of a tile."""
    tile = str(sample['data_samples'].metainfo['sample_id'])
    if tile != row.title:
        raise ValueError(
            f'{name} is tested on {tile} where the first network is tested '
            f'on {row.title}: compare runs with the same test list'
        )
    wrong = share_wrong(_label(sample), ids)
    note = '' if wrong is None else f'{name} {wrong:.0%}'
    notes = ', '.join(filter(None, (row.note, note)))
    # No modality has a name with a space.
    picture = Picture(f'map of {name}', colorize(ids, palette))
    return Row(row.title, (*row.pictures, picture), notes)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('work_dirs', type=Path, nargs='+')
    parser.add_argument('--legend', nargs='+', help='a name for each network')
    parser.add_argument(
        '--count', type=int, default=4, help='number of tiles (%(default)s)'
    )
    parser.add_argument('--device', default='cpu', help='(%(default)s)')
    parser.add_argument('--out', type=Path, default=Path('maps.png'))
    args = parser.parse_args(arguments)
    args.legend = args.legend or [str(folder) for folder in args.work_dirs]
    if len(args.legend) != len(args.work_dirs):
        parser.error(
            f'--legend: expected a name for each of {len(args.work_dirs)} '
            f'work directories, got {len(args.legend)}'
        )
    if len({*args.legend}) != len(args.legend):
        parser.error(
            f'--legend: expected names that differ, got {args.legend}: name '
            'each network once'
        )
    if args.count < 1:
        parser.error(f'--count: expected at least 1, got {args.count}')
    return args


if __name__ == '__main__':
    sys.exit(main())
