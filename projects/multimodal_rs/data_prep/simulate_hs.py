"""Simulation of a scene like Houston2013, usually in data/simulated_hs.

Writes HSI.mat, LiDAR.mat, TRLabel.mat and TSLabel.mat in the layout of
Houston2013, with its classes, and prepares the folder as houston2013.py does:
images as GeoTIFF, label rasters, lists, statistics. The scene is smaller and
has fewer bands; what is in it stands in multimodal_rs/simulation/town.py,
reflectance.py and hyperspectral.py. With --sar there is SAR.mat, too: four
features of two polarisations as in Berlin. What is there already is kept;
simulation.json says how it was made, and other numbers are refused.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from multimodal_rs.data_prep.houston2013 import matlab_forms
from multimodal_rs.data_prep.scene_files import SceneForm
from multimodal_rs.data_prep.scene_rasters import Variable
from multimodal_rs.data_prep.sparse_scenes import prepare_scene
from multimodal_rs.simulation.archive import claim_folder
from multimodal_rs.simulation.hyperspectral import (
    observe_bands,
    observe_covariance,
    observe_surface,
)
from multimodal_rs.simulation.sparse_labels import draw_labels
from multimodal_rs.simulation.town import draw_town
from multimodal_rs.utils.command_line import CommandParser, run
from multimodal_rs.utils.files import atomic_path

# Of the options those on which the files depend; SAR may be added later.
MADE = ('size', 'bands', 'train', 'test', 'seed')
CONFIG, SAR_CONFIG = 'simulated_hs.py', 'simulated_hs_sar.py'


def main(arguments: Sequence[str] | None = None) -> int:
    """Write what is missing.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code, 0.

    Raises:
        ValueError: If the folder holds another scene.
    """
    args = _parse(arguments)
    made = {key: getattr(args, key) for key in MADE} | dict(size=[*args.size])
    claim_folder(args.data_root, made, '*.mat')
    missing = [p for p in _paths(args) if not p.is_file()]
    if missing:
        write_scene(args)
    config = SAR_CONFIG if args.sar else CONFIG
    words = [str(args.data_root), '--config', args.config or config]
    return prepare_scene(__doc__, CONFIG, 'town', forms_of, words)


def forms_of(data_root: Path) -> list[SceneForm]:
    """List the forms of the scene: the common one of Houston2013, and SAR."""
    form = matlab_forms(data_root)[0]
    sar = Variable(data_root / 'SAR.mat', 'SAR')
    also = dict(sar=sar) if sar.path.is_file() else {}
    return [replace(form, layers={**form.layers, **also}, checksums={})]


def write_scene(args: argparse.Namespace) -> None:
    """Simulate a scene and write its files."""
    from scipy.io import savemat

    width, height = args.size
    seeds = np.random.SeedSequence(args.seed).spawn(5)
    rngs = [np.random.default_rng(seed) for seed in seeds]
    town = draw_town(rngs[0], (height, width))
    train, test = draw_labels(rngs[1], town, args.train, args.test)
    content = dict(
        HSI=observe_bands(rngs[2], town, args.bands),
        LiDAR=observe_surface(rngs[3], town),
        TRLabel=train,
        TSLabel=test,
        gt=np.maximum(train, test),
    )
    if args.sar:
        content['SAR'] = observe_covariance(rngs[4], town)
    for name, array in content.items():
        with atomic_path(args.data_root / f'{name}.mat') as temporary:
            savemat(temporary, {name: array}, do_compression=True)
    print(
        f'{args.data_root}: {width} x {height} pixels, {args.bands} bands, '
        f'{np.count_nonzero(train)} and {np.count_nonzero(test)} labels'
    )


def _paths(args: argparse.Namespace) -> list[Path]:
    names = ['HSI', 'LiDAR', 'TRLabel', 'TSLabel'] + ['SAR'] * args.sar
    return [args.data_root / f'{name}.mat' for name in names]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('data_root', type=Path, help='folder to write to')
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        default=(400, 120),
        metavar=('WIDTH', 'HEIGHT'),
        help='in pixels (default: %(default)s)',
    )
    parser.add_argument(
        '--bands', type=int, default=48, help='(default: %(default)s)'
    )
    parser.add_argument(
        '--train',
        type=int,
        default=60,
        help='labelled pixels of each class to train on, at most (default: '
        '%(default)s)',
    )
    parser.add_argument(
        '--test',
        type=int,
        default=200,
        help='and to test on (default: %(default)s)',
    )
    parser.add_argument('--sar', action='store_true', help='write SAR, too')
    parser.add_argument(
        '--seed', type=int, default=0, help='(default: %(default)s)'
    )
    parser.add_argument(
        '--config',
        help='config whose modalities are prepared: a path, or a name in '
        f'configs/_base_/datasets (default: {CONFIG}, with --sar '
        f'{SAR_CONFIG})',
    )
    return parser.parse_args(arguments)


if __name__ == '__main__':
    run(main)
