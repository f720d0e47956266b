"""Preparation of a dataset folder: arguments, sequence, messages."""

import argparse
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from multimodal_rs.data_prep.band_statistics import update_statistics
from multimodal_rs.data_prep.changed_files import forget_changed
from multimodal_rs.data_prep.check_report import check_folder
from multimodal_rs.data_prep.class_balance import (
    print_labels,
    update_label_counts,
)
from multimodal_rs.data_prep.elsewhere import guess
from multimodal_rs.data_prep.fitting import update_fits
from multimodal_rs.data_prep.scene_bands import check_scenes
from multimodal_rs.data_prep.scenes import (
    FOLDER,
    Scene,
    TileFolder,
    cut,
    find_uncut,
)
from multimodal_rs.data_prep.splits import Split, natural_sort, write_split
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.fits import RENEWED, fitted_names
from multimodal_rs.datasets.io.raster import raster_exists
from multimodal_rs.datasets.label_counts import never_seen
from multimodal_rs.utils.command_line import CommandParser
from multimodal_rs.utils.configs import read_config
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.installation import dataset_config


def prepare(
    description: str | None,
    config: str | Callable[[Path], str] | None,
    make_splits: Callable[[Sequence[str], int], Mapping[str, Split]],
    scene_of: Callable[[str], str] | None = None,
    find_scenes: Callable[[Path], Sequence[Scene]] | None = None,
    arguments: Sequence[str] | None = None,
    before: Callable[[Path], None] | None = None,
) -> int:
    """Prepare or check a dataset folder.

    Preparing cuts scenes into tiles if the dataset comes as scenes, writes
    the split lists below ``splits``, measures mean and std over the training
    list of the config and counts the pixels of the classes; see
    :func:`measure`. Where all tiles are for testing, nothing is measured. A
    second run changes nothing.

    Args:
        description: Help text of the command.
        config: Name of the usual config in ``configs/_base_/datasets``, or
            what finds it from the folder. None: it has to be given on the
            command line.
        make_splits: From (complete tiles, seed) to folder name -> lists.
        scene_of: Gives the scene of a tile, where ids tell it.
        find_scenes: Lists the scenes of a folder, for datasets that come as
            scenes. It may be empty again once all are cut.
        arguments: Command line; None takes that of the process.
        before: Writes what a folder lacks that is asked for by the lists,
            such as label rasters from polygons. ``--check`` does not call it.

    Returns:
        Exit code: 1 if a check found something, else 0.

    Raises:
        ValueError: If the folder is not as expected.
        FileNotFoundError: If the config or its training list is not there.
    """
    args = usual_parser(description, config).parse_args(arguments)
    splits = args.data_root / 'splits'
    name = args.config
    if name is None:
        name = config(args.data_root) if callable(config) else config
    config_path = dataset_config(name)
    dataset = build_dataset(config_path, args.data_root)
    scenes = find_scenes(args.data_root) if find_scenes else ()
    scenes = [_read_layers(scene, dataset) for scene in scenes]
    if args.check:
        uncut = find_uncut(scenes, TileFolder(args.data_root))
        lists = [
            Path(build_dataset(config_path, args.data_root, part).ann_file)
            for part in ('val', 'test')
        ]
        return check_folder(dataset, splits, scene_of, uncut, lists)
    if before is not None:
        before(args.data_root)
    if scenes:
        check_scenes(scenes, dataset)
        cut(scenes, TileFolder(args.data_root))
    tiles = complete_tiles(dataset)
    made = make_splits(tiles, args.seed)
    for folder, split in made.items():
        write_split(splits / folder, split)
    if any(split.get('train') for split in made.values()):
        measure(dataset, config_path)
    else:
        print('No tile is for training: nothing is measured')
    return 0


def _read_layers(scene: Scene, dataset: MultiModalSegDataset) -> Scene:
    """Leave out what is optional and not read."""
    read = {modality.dir for modality in dataset.modalities.values()}
    layers = {
        name: layer
        for name, layer in scene.layers.items()
        if not layer.optional or f'{FOLDER}/{name}' in read
    }
    return replace(scene, layers=layers)


def build_dataset(
    config: Path, data_root: Path, part: str = 'train'
) -> MultiModalSegDataset:
    """Build the dataset of a part of a config, not reading its list yet."""
    init_default_scope('mmseg')
    settings = read_config(config)[f'{part}_dataloader'].dataset
    settings.update(data_root=str(data_root), pipeline=[], lazy_init=True)
    # Whole tiles, and no question whether what is measured here was measured.
    settings.update(test_mode=True)
    for key in ('windows', 'crops'):
        settings.pop(key, None)
    return DATASETS.build(settings)


def complete_tiles(dataset: MultiModalSegDataset) -> list[str]:
    """List the tiles that have a label and all modalities they must have.

    Raises:
        ValueError: If there is none.
    """
    found = dataset.required_tiles()
    complete = set.intersection(*found.values())
    counts = {name: len(tiles) for name, tiles in found.items()}
    if not complete:
        raise ValueError(
            f'{dataset.data_root}: no tile has all of {list(found)}, found '
            f'files {counts}. Expected the layout that the docstring of '
            f'{type(dataset).__name__} shows: check the folder and the '
            f"modalities' dir and suffix.{guess(dataset)}"
        )
    missing = len(set.union(*found.values())) - len(complete)
    if missing:
        print(
            f'{missing} tiles lack a file ({counts}) and are in no list; '
            '--check names them'
        )
    return natural_sort(complete)


def usual_parser(
    description: str | None, config: str | Callable[[Path], str] | None
) -> CommandParser:
    """Make the command line that the commands of all datasets have.

    Args:
        description: Docstring of the command.
        config: Default of ``--config``, or what chooses it by the folder;
            None: it has to be given.
    """
    usual = 'by what is in the folder' if callable(config) else config
    parser = CommandParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('data_root', type=Path, help='folder of the dataset')
    parser.add_argument(
        '--check',
        action='store_true',
        help='read every file, report what is wrong, write nothing; the exit '
        'code is 1 if something is',
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='seed of random splits'
    )
    parser.add_argument(
        '--config',
        required=config is None,
        help='config whose modalities are read and whose training data are '
        'measured: a path, or a name in configs/_base_/datasets'
        + ('' if config is None else f' (default: {usual})'),
    )
    return parser


def measure(dataset: MultiModalSegDataset, config: Path) -> None:
    """Measure the training list: values of the bands, pixels of the classes.

    The numbers are printed and kept in ``stats.json`` beside the list, with
    the counts of the validation and test lists that are there. Kept numbers
    are taken unless a file was written since.

    Args:
        dataset: The training part of the config.
        config: The config; its name is that of the numbers.

    Raises:
        FileNotFoundError: If there is no such list, or a file is missing.
        ValueError: If a file is damaged.
    """
    trained_on = Path(dataset.ann_file)
    if not trained_on.is_file():
        raise FileNotFoundError(
            f'{config} trains on {trained_on}, which this run has not '
            'written: correct `split` in the config, or --seed'
        )
    dataset.full_init()
    target = dataset.stats_file
    lists = dict(train=dataset)
    if dataset.label is not None:
        found = labelled_lists(config, Path(dataset.data_root))
        lists = {**found, **lists}
    forget_changed(lists, target)
    update_fits(dataset, target, config.stem)
    statistics = update_statistics(dataset, target, config.stem)
    with reading(target, f'numbers of bands: {RENEWED}'):
        fitted = fitted_names(dataset.metainfo['modalities'])
        _print_bands(statistics, fitted)
    if dataset.label is None:
        return
    labels = update_label_counts(lists, target, config.stem)
    print_labels(labels)
    counts = labels['lists']['train']
    warning = never_seen(dataset, counts['pixels'], counts['ignored'])
    if warning:
        print(f'Warning: {warning}')


def _print_bands(
    statistics: Mapping[str, Mapping], fitted: Collection[str]
) -> None:
    """Print the numbers of the bands, as a config has them."""
    for name, numbers in statistics.items():
        print(f'{name}, {numbers["pixels"]} valid pixels:')
        # After steps that are measured they are 0 and 1.
        for key in () if name in fitted else ('mean', 'std'):
            digits = ', '.join(f'{x:.6g}' for x in numbers[key])
            print(f'    {key}=[{digits}],')
        rows = [
            '[' + ', '.join(f'{x:.6g}' for x in row) + ']'
            for row in numbers['file_range']
        ]
        print(f'    file_range=[{", ".join(rows)}],')


def labelled_lists(
    config: Path, data_root: Path
) -> dict[str, MultiModalSegDataset]:
    """Build the parts of a config, train first, that have list and labels."""
    found = {}
    for part in ('train', 'val', 'test'):
        dataset = build_dataset(config, data_root, part)
        if dataset.label is None or not Path(dataset.ann_file).is_file():
            continue
        dataset.full_init()
        labels = (tile['seg_map_path'] for tile in dataset.tiles)
        if part == 'train' or any(map(raster_exists, labels)):
            found[part] = dataset
        else:  # contests keep the labels of a part back
            print(f'{dataset.ann_file}: no tile has a label yet')
    return found
