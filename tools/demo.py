#!/usr/bin/env python3
"""Demo: train, test and map in minutes, on land that is simulated.

    python tools/demo.py [--out demo_output] [--seed 0]

1. simulate optical and SAR patches and one larger scene;
2. train JoiTriNet-d (small) with tools/train.py;
3. test it with both sensors, optical alone and SAR alone;
4. map the scene into a GeoTIFF;
5. put the test on one page, report.html, and the map on another, map.html.

Everything lands below the output folder. A step that is done is not repeated.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from _bootstrap import command_line, start

start(__name__)

from multimodal_rs.utils.outputs import check_folder
from multimodal_rs.utils.tables import text_table

ROOT = Path(__file__).resolve().parents[1]
CONFIG = 'configs/joitrinet/joitrinet-d_r18_1xb8-10e_simulated-128x128.py'
PATCHES, SIZE = 160, 128
# Of DFC2020 in label.tif, in the order of the train ids.
RAW_IDS = (1, 2, 4, 5, 6, 7, 9, 10)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code.
    """
    args = _parse(arguments)
    start = time.time()
    out = args.out.resolve()
    check_folder('--out', out)
    data, work = out / 'data', out / 'run'
    options = ['--cfg-options', f'randomness.seed={args.seed}']
    for part in ('train', 'val', 'test'):
        options.append(f'{part}_dataloader.dataset.data_root={data}')

    step('simulate Sentinel-1 and Sentinel-2')
    call(
        'data_prep/simulate.py',
        data,
        *('--patches', PATCHES, '--size', SIZE, '--seed', args.seed),
    )
    step(f'train JoiTriNet-d: {CONFIG}')
    if not (work / 'trained').exists():
        train = ['tools/train.py', CONFIG, '--work-dir', work, '--resume']
        # 280 MB each: every fifth epoch, as validation, not every one.
        call(*train, *options, 'default_hooks.checkpoint.interval=5')
        (work / 'trained').touch()
    checkpoint = max(work.glob('best_*.pth'), key=lambda p: p.stat().st_mtime)

    step('test all subsets of the modalities')
    hook = 'default_hooks.visualization'
    call(
        *('tools/test.py', CONFIG, checkpoint, '--work-dir', work),
        *options,
        f'{hook}.draw=True',
        f'{hook}.interval=1',
    )
    collect(work, 'modality_subsets.json', out)
    collect(work, 'contact_sheet.png', out)

    step('map the scene')
    scene = data / 'scene'
    call(
        *('tools/infer_scene.py', CONFIG, checkpoint),
        *('--raster', f'opt={scene / "s2.tif"}', f'sar={scene / "s1.tif"}'),
        *('--out', out / 'map.tif', '--preview', out / 'map.png'),
        *('--confidence', out / 'confidence.tif'),
        *('--answered', out / 'answered.tif'),
        *('--crop', SIZE, '--stride', SIZE // 2),
    )
    step('write the reports')
    call('tools/report.py', 'run', work, '--out', out / 'report.html')
    report_map(out, scene, checkpoint)
    summary(out, time.time() - start)
    return 0


def report_map(out: Path, scene: Path, checkpoint: Path) -> None:
    """Compare the map with the truth, and put all that is known on a page."""
    ids = [f'{raw}={number}' for number, raw in enumerate(RAW_IDS)]
    call(
        *('tools/map_products.py', out / 'map.tif'),
        *('--accuracy', out / 'accuracy', '--area', out / 'area.csv'),
        *('--reference', scene / 'label.tif', '--reference-ids', *ids),
    )
    call(
        *('tools/report.py', 'map', out / 'map.tif', '--config', CONFIG),
        *('--checkpoint', checkpoint, '--accuracy', out / 'accuracy'),
        *('--confidence', out / 'confidence.tif'),
        *('--answered', out / 'answered.tif'),
        *('--raster', f'opt={scene / "s2.tif"}', f'sar={scene / "s1.tif"}'),
        *('--out', out / 'map.html'),
    )


def step(title: str) -> None:
    """Print what comes next."""
    print(f'\n== {title}', flush=True)


def call(*command: object) -> None:
    """Run one of the project's scripts with this interpreter.

    Raises:
        SystemExit: If it fails; it has said why.
    """
    words = [sys.executable, *map(str, command)]
    code = command_line.call(words, folder=ROOT)
    if code:
        raise SystemExit(f'{command[0]} has ended with exit code {code}')


def collect(folder: Path, name: str, target: Path) -> None:
    """Copy the newest file of that name to where people look."""
    newest = max(folder.rglob(name), key=lambda p: p.stat().st_mtime)
    shutil.copyfile(newest, target / name)


def summary(out: Path, seconds: float) -> None:
    """Print the table and where to look."""
    subsets = json.loads((out / 'modality_subsets.json').read_text())
    measures = ('OA', 'kappa', 'mIoU')
    rows = [
        [key, *(entry['metrics'][m] for m in measures)]
        for key, entry in subsets.items()
    ]
    print('\n' + text_table(['modalities', *measures], rows))
    scores = [e['metrics']['mIoU'] for e in subsets.values()]
    gain = scores[0] - max(scores[1:])
    print(f'\nfusion gains {gain:.1f} points of mIoU over the better sensor')
    print(f'tiles with labels and predictions: {out / "contact_sheet.png"}')
    print(f'map of the scene: {out / "map.tif"}, as a picture: map.png')
    print(f'the test on one page: {out / "report.html"}, the map: map.html')
    print(f'{seconds / 60:.1f} minutes')


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--out', type=Path, default=Path('demo_output'))
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args(arguments)


if __name__ == '__main__':
    sys.exit(main())
