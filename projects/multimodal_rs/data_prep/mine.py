"""Preparation of a folder of your own, as its config describes it.

Any config of a dataset will do that reads tiles from `<dir>/<tile><suffix>`,
such as the one in the README. A second run changes nothing, an interrupted one
goes on where it stopped, and one with other rasters or another declaration of
their numbers is refused. One after the other:

1. Scenes below FOLDER/scenes are cut into tiles, where the config expects
   them: FOLDER/<dir>/<scene>/<top>_<left><suffix>. A scene is a folder with a
   raster per modality and one of the label, `opt.tif`, `sar.tif`, `label.tif`,
   or instead of a raster a folder with a file per band, `opt/`. Files that lie
   elsewhere are named with --scene. Rasters on another grid are resampled with
   --like. What no raster covers stays empty, and tiles that lack a modality,
   or a label, altogether are not written.

2. With --split, the lists that the config names (`ann_file`) are written:
   60 % of the tiles for training, 20 % each for validation and testing.

     random   by tile: neighbours of a training tile are tested, so scores say
              nothing about land that was not seen
     scene    by scene: the folder in a tile's id, or what --scene-of finds
     block    by blocks of the map, from the georeference

3. Mean and std of each band of the training list, the pixels of each class in
   each list and class weights for the loss are printed and kept in stats.json.

--check reads every file instead, says what is wrong, and writes nothing.
"""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from multimodal_rs.data_prep.blocks import map_blocks
from multimodal_rs.data_prep.check_report import check_folder
from multimodal_rs.data_prep.cut_record import DECLARED, CutRecord, declared
from multimodal_rs.data_prep.own_scenes import (
    Alignment,
    DeclaredTiles,
    add_alignment_options,
    build_scenes,
    files_below,
    layer_names,
)
from multimodal_rs.data_prep.prepare import (
    build_dataset,
    complete_tiles,
    measure,
)
from multimodal_rs.data_prep.scenes import Scene, cut, find_uncut, rows_of
from multimodal_rs.data_prep.splits import grouped_split, write_list
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.io.split_list import read_split_list
from multimodal_rs.utils.command_line import CommandParser, run
from multimodal_rs.utils.configs import read_config
from multimodal_rs.utils.installation import dataset_config

SHARES = dict(train=6, val=2, test=2)
# How scenes are cut where nobody says it.
USUAL = dict(tile=256, overlap=0, like=None, resolution=None, resampling={})


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code: 1 if a check found something, else 0.

    Raises:
        ValueError: If the folder is not as expected.
        FileNotFoundError: If the config, its training list or a raster is
            not there.
    """
    args = _parse(arguments)
    config = dataset_config(args.config)
    dataset = build_dataset(config, args.folder)
    now = {DECLARED: declared(dataset)}
    asked = {k: vars(args)[k] for k in USUAL}
    record = CutRecord(args.folder, asked | now, USUAL | now)
    cutting = record.settings
    folder = DeclaredTiles(
        args.folder, cutting['tile'], cutting['overlap'], dataset=dataset
    )
    scenes = _find_scenes(args, dataset, cutting)
    for scene in scenes:
        record.check(scene)
    if args.check:
        uncut = find_uncut(scenes, folder, record.left_out)
        lists = split_files(config, args.folder)
        return check_folder(
            *(dataset, args.folder / 'splits', None, uncut),
            lists=dict.fromkeys(lists.values()),
        )
    _cut_all(scenes, folder, record)
    if args.split:
        tiles = complete_tiles(dataset)
        group_of = _groups(args, dataset, tiles, folder.overlap)
        _write_lists(args, config, group_of, tiles)
    elif not Path(dataset.ann_file).is_file():
        raise FileNotFoundError(
            f'{config} trains on {dataset.ann_file}, which is not there: '
            'write it by hand, one tile per line, or let --split random, '
            'scene or block make the lists'
        )
    measure(dataset, config)
    return 0


def _cut_all(
    scenes: Sequence[Scene], folder: DeclaredTiles, record: CutRecord
) -> None:
    """Cut what is not cut yet; remember empty tiles scene by scene."""
    for scene in scenes:
        uncut = find_uncut([scene], folder, record.left_out)
        if uncut or not record.has(scene.name):
            print(f'scene {scene.name}:')
            rows_of(scene, folder)  # or it cannot be cut
            record.begin(scene)
            record.add(scene.name, cut([scene], folder, record.left_out))


def _find_scenes(
    args: argparse.Namespace, dataset: MultiModalSegDataset, cutting: Mapping
) -> list[Scene]:
    files = {
        **files_below(args.folder / 'scenes', dataset),
        **dict(_scene_files(words, dataset) for words in args.scene),
    }
    alignment = Alignment(
        cutting['like'], cutting['resolution'], cutting['resampling']
    )
    return build_scenes(files, dataset, alignment)


def _scene_files(
    words: Sequence[str], dataset: MultiModalSegDataset
) -> tuple[str, dict[str, list[Path]]]:
    """Understand ``--scene NAME opt=FILE sar=FILE,FILE``."""
    name, *pairs = words
    files = {}
    for pair in pairs:
        layer, equals, paths = pair.partition('=')
        if not equals or layer not in layer_names(dataset):
            raise ValueError(
                f'--scene {name}: expected LAYER=FILE with one of '
                f'{layer_names(dataset)}, got {pair!r}'
            )
        files[layer] = [Path(path) for path in paths.split(',')]
    return name, files


def split_files(config: Path, root: Path) -> dict[str, Path]:
    """Get the list of each part that a config names."""
    cfg = read_config(config)
    return {
        part: root / cfg[f'{part}_dataloader'].dataset.ann_file
        for part in SHARES
    }


def _groups(
    args: argparse.Namespace,
    dataset: MultiModalSegDataset,
    tiles: Sequence[str],
    overlap: int,
) -> Callable[[str], str]:
    """Choose what of a tile must stay in one list."""
    if args.split == 'random':
        if overlap:
            raise ValueError(
                f'tiles share {overlap} pixels with their neighbours, so that '
                '--split random would test on pixels that were trained on: '
                'take --split scene'
            )
        return str
    if overlap and args.split == 'block':
        print(
            f'Remark: tiles share {overlap} pixels with their neighbours, '
            'also where blocks meet; --split scene shares none.'
        )
    if args.split == 'block':
        return map_blocks(dataset, tiles, args.block).__getitem__
    return lambda tile: scene_of(tile, args.scene_of)


def scene_of(tile: str, pattern: str | None) -> str:
    """Get the scene of a tile.

    Args:
        tile: Its id.
        pattern: Regular expression; its first group is the scene. None: the
            folders of the id.

    Raises:
        ValueError: If the id does not tell it.
    """
    if pattern is None:
        scene = tile.rpartition('/')[0]
    else:
        found = re.search(pattern, tile)
        scene = found.group(1) if found else ''
    if not scene:
        raise ValueError(
            f'tile {tile!r} does not tell its scene: expected a folder in the '
            'id, `<scene>/<tile>`, or --scene-of with a regular expression '
            f"whose first group is the scene, as '([^_]*)_'; got {pattern!r}"
        )
    return scene


def _write_lists(
    args: argparse.Namespace,
    config: Path,
    group_of: Callable[[str], str],
    tiles: Sequence[str],
) -> None:
    files = split_files(config, args.folder)
    shares: dict[Path, int] = {}
    for part, path in files.items():
        shares[path] = shares.get(path, 0) + SHARES[part]
    if files['train'] in (files['val'], files['test']):
        raise ValueError(
            f'{config}: training shares its list {files["train"]} with '
            'validation or testing: give each `ann_file` a name of its own'
        )
    split = grouped_split(tiles, group_of, shares, args.seed)
    _refuse_to_replace(split)
    for path, part in split.items():
        write_list(path, part)


def _refuse_to_replace(split: Mapping[Path, Sequence[str]]) -> None:
    for path, tiles in split.items():
        if path.is_file() and read_split_list(path) != list(tiles):
            raise ValueError(
                f'{path} exists and has other tiles than this split: leave '
                '--split out to keep it, or remove it'
            )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'expected at least 1, got {value}')
    return value


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('folder', type=Path, help='folder of the dataset')
    parser.add_argument(
        '--config',
        required=True,
        help='config that describes the folder: a path, or a name in '
        'configs/_base_/datasets',
    )
    parser.add_argument(
        '--check',
        action='store_true',
        help='read every file, report what is wrong, write nothing; the exit '
        'code is 1 if something is',
    )
    _add_scene_options(parser)
    group = parser.add_argument_group('split lists')
    group.add_argument(
        '--split',
        choices=('random', 'scene', 'block'),
        help='write the lists; without it they have to be there',
    )
    group.add_argument(
        '--seed', type=int, default=0, help='seed of the split (0)'
    )
    group.add_argument(
        '--scene-of',
        metavar='REGEX',
        help="what of a tile's id is its scene: the first group of it "
        '(default: the folders of the id)',
    )
    group.add_argument(
        '--block',
        type=float,
        metavar='SIDE',
        help='side of a block in map units (default: 8 tiles)',
    )
    args = parser.parse_args(arguments)
    return args


def _add_scene_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('cutting scenes')
    group.add_argument(
        '--scene',
        nargs='+',
        action='append',
        default=[],
        metavar=('NAME', 'LAYER=FILE'),
        help='a scene whose files lie anywhere; several files of single '
        'bands with commas between them; may be repeated',
    )
    group.add_argument('--tile', type=_positive, help='pixels a side (256)')
    group.add_argument(
        '--overlap',
        type=int,
        help='pixels that neighbours share (0)',
    )
    add_alignment_options(group)


if __name__ == '__main__':
    run(main)
