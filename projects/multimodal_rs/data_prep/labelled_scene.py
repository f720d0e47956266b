"""Preparation of a scene of one's own with sparse labels.

Needed are a config whose dataset is a SparseSceneDataset, the rasters of the
scene, and the raster of the labels (0: none). Any format of tiles will do; of
a .mat file with several variables one is named behind a colon:

    labelled_scene.py data/mine --config mine.py --layer hsi=scene.mat:HSI
        lidar=dsm.tif --labels scene.mat:GT

Relative paths start at the folder. Without --test-labels the labels are
divided: training and test pixels lie in different blocks of 24 x 24 pixels,
and the split is called blocks, as labels/blocks/train. With them it is called
given. A tenth of the training pixels of each class, those at one end of them,
is held out for validation. What is there already stays.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from multimodal_rs.data_prep.scene_files import (
    RasterOfLabels,
    SceneForm,
)
from multimodal_rs.data_prep.scene_rasters import Variable
from multimodal_rs.data_prep.sparse_scenes import prepare_scene
from multimodal_rs.utils.command_line import CommandParser, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare_scene`."""
    args = _parse(arguments)
    words = [str(args.data_root), '--config', args.config]
    words += ['--seed', str(args.seed), *(['--check'] * args.check)]
    if args.random:
        words += ['--random', str(args.random)]
    return prepare_scene(
        __doc__, args.config, args.name, lambda root: [_form(args)], words
    )


def _form(args: argparse.Namespace) -> SceneForm:
    layers = dict(_layer(word, args.data_root) for word in args.layer)
    words = args.labels, args.test_labels
    train, test = (
        word and RasterOfLabels(variable(word, args.data_root))
        for word in words
    )
    return SceneForm('rasters of the command line', layers, train, test)


def variable(word: str, root: Path) -> Variable:
    """Understand ``file`` or ``file.mat:variable``."""
    file, _, key = word.rpartition(':')
    if not file.lower().endswith('.mat'):  # it is a letter of a drive, or none
        file, key = word, None
    return Variable(root / file, key or None)


def _layer(word: str, root: Path) -> tuple[str, Variable]:
    name, equals, file = word.partition('=')
    if not equals:
        raise ValueError(
            f'--layer {word}: expected MODALITY=FILE, or '
            'MODALITY=FILE.mat:VARIABLE'
        )
    return name, variable(file, root)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('data_root', type=Path, help='folder of the dataset')
    parser.add_argument(
        '--config', required=True, help='config whose modalities are read'
    )
    parser.add_argument(
        '--layer',
        nargs='+',
        required=True,
        metavar='MODALITY=FILE[:VARIABLE]',
        help='rasters of the modalities',
    )
    parser.add_argument(
        '--labels',
        required=True,
        metavar='FILE[:VARIABLE]',
        help='all labels, or those to train on',
    )
    parser.add_argument(
        '--test-labels', metavar='FILE[:VARIABLE]', help='those to test on'
    )
    parser.add_argument(
        '--name', default='scene', help='of the files (default: %(default)s)'
    )
    parser.add_argument(
        '--check',
        action='store_true',
        help='read what is prepared, report what is wrong, write nothing',
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='seed of the division into blocks'
    )
    parser.add_argument(
        '--random',
        type=int,
        metavar='N',
        help='another split, random-N-seed<seed>, with N training pixels of '
        'each class at random: too easy a test',
    )
    return parser.parse_args(arguments)


if __name__ == '__main__':
    run(main)
