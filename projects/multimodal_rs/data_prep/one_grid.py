"""Tiles whose modalities have different pixels, brought to one grid.

All files of all tiles that a config describes, with the labels of validation
and test where these lie in other folders, are written to another folder,
in the same layout, on the grid of one modality (or with other pixels on its
area, --resolution). Files that lie on it keep their numbers; others are
resampled: measurements become float32 with NaN where nothing is valid. An
interrupted run goes on where it stopped, and one that asks for another grid,
another resampling or another declaration of the numbers, or has other files
to begin with, is refused. The split lists that the config names are copied.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from multimodal_rs.data_prep.aligned import AlignedLayer
from multimodal_rs.data_prep.cut_record import DECLARED, stamp
from multimodal_rs.data_prep.grid_record import declarations, keep_record
from multimodal_rs.data_prep.own_scenes import (
    Alignment,
    DeclaredTiles,
    add_alignment_options,
    align,
    declared_place,
    layer_names,
    source_layer,
)
from multimodal_rs.data_prep.prepare import build_dataset
from multimodal_rs.data_prep.scenes import read_layer
from multimodal_rs.data_prep.splits import natural_sort, write_list
from multimodal_rs.data_prep.tile_files import placed, write_tile
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.io.raster import raster_session
from multimodal_rs.datasets.io.split_list import read_split_list
from multimodal_rs.utils.command_line import CommandParser, run
from multimodal_rs.utils.installation import dataset_config
from multimodal_rs.utils.progress import progress

PARTS = ('train', 'val', 'test')


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the tiles.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code, 0.

    Raises:
        ValueError: If a tile cannot be resampled, or has no file whose grid
            the others take, or the target has tiles that were made otherwise
            or from other files.
        FileNotFoundError: If the config is not there.
    """
    args = _parse(arguments)
    if args.target.resolve() == args.source.resolve():
        raise ValueError(f'{args.target}: expected another folder as target')
    config = dataset_config(args.config)
    datasets = [build_dataset(config, args.source, part) for part in PARTS]
    alignment = Alignment(args.like, args.resolution, args.resampling or {})
    distinct = _distinct(datasets)
    for dataset in distinct:
        alignment.check_names(layer_names(dataset))
    tiles = [_tiles(dataset, args.like) for dataset in distinct]
    if not tiles[0]:
        raise ValueError(
            f'{args.source} has no tile with a file of {args.like!r}: check '
            'the folder, and dir and suffix in the config'
        )
    targets = [DeclaredTiles(args.target, dataset=d) for d in distinct]
    parts = list(zip(targets, tiles, strict=True))
    keep_record(
        args.target,
        {**asdict(alignment), DECLARED: declarations(distinct)},
        _origins(parts, args.like),
    )
    made: dict[Path, bool] = {}
    for target, names in parts:
        for tile in progress(names, 'one grid, tiles'):
            _write_tile(tile, target, alignment, made)
    print(f'{args.target}: {len(made)} files, {sum(made.values())} written')
    for dataset in datasets:
        _copy_list(dataset, args.target)
    return 0


def _distinct(
    datasets: Sequence[MultiModalSegDataset],
) -> list[MultiModalSegDataset]:
    """Leave out parts whose files lie where those of an earlier part do."""
    found = {}
    for dataset in datasets:
        places = [declared_place(dataset, n) for n in layer_names(dataset)]
        found.setdefault((type(dataset), *places), dataset)
    return list(found.values())


def _tiles(dataset: MultiModalSegDataset, like: str) -> list[str]:
    """List the tiles of a part whose grid is known.

    Raises:
        ValueError: If some that are complete lack it.
    """
    tiles = natural_sort(dataset.list_tiles(*declared_place(dataset, like)))
    complete = set.intersection(*dataset.required_tiles().values())
    left = natural_sort(complete - {*tiles})
    if left:
        raise ValueError(
            f'--like {like}: {len(left)} of {len(complete)} tiles of '
            f'{dataset.data_root} have no file of {like}, such as '
            f'{left[:5]}, expected one of each, whose grid the others take: '
            'name a modality with --like that all tiles have'
        )
    return tiles


def _files(
    tile: str, dataset: MultiModalSegDataset, like: str
) -> dict[str, Path]:
    """Find the files of a tile that are there, each for one of its layers."""
    files: dict[Path, str] = {}
    for name in layer_names(dataset):
        place = declared_place(dataset, name)
        path = Path(dataset.data_root) / dataset.tile_path(tile, name, *place)
        if path.is_file() and (path not in files or name == like):
            files[path] = name
    return {name: path for path, name in files.items()}


def _origins(
    parts: Sequence[tuple[DeclaredTiles, Sequence[str]]], like: str
) -> dict[str, dict[str, list[int]]]:
    """Say of each file that is written which ones it is made from."""
    found = {}
    for target, tiles in parts:
        for tile in tiles:
            files = _files(tile, target.dataset, like)
            stamps = {name: stamp(path) for name, path in files.items()}
            for name in files:
                written = target.path(name, tile).relative_to(target.root)
                # Of the first part, where several have it.
                found.setdefault(
                    written.as_posix(),
                    {layer: stamps[layer] for layer in (name, like)},
                )
    return found


def _layers(
    tile: str, dataset: MultiModalSegDataset, alignment: Alignment
) -> Mapping[str, AlignedLayer]:
    """Describe the files of a tile that are there, one layer per file."""
    files = _files(tile, dataset, alignment.like)
    sources = {n: source_layer(dataset, n, [p]) for n, p in files.items()}
    return align(tile, sources, alignment)


def _write_tile(
    tile: str,
    target: DeclaredTiles,
    alignment: Alignment,
    made: dict[Path, bool],
) -> None:
    """Write the files of a tile that are not there.

    Args:
        tile: Its id.
        target: Where its files lie.
        alignment: How they are made.
        made: Files that were looked at -> whether they were written; grows.
    """
    with raster_session():
        for name, layer in _layers(tile, target.dataset, alignment).items():
            path = target.path(name, tile)
            missing = not path.is_file()
            made.setdefault(path, missing)
            if missing:
                with layer.open() as file:
                    write_tile(
                        path, read_layer(file, layer), placed(file.grid)
                    )


def _copy_list(dataset: MultiModalSegDataset, target: Path) -> None:
    source = Path(dataset.ann_file)
    if source.is_file() and source.is_relative_to(dataset.data_root):
        copy = target / source.relative_to(dataset.data_root)
        write_list(copy, read_split_list(source))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('source', type=Path, help='folder of the dataset')
    parser.add_argument('target', type=Path, help='folder to write')
    parser.add_argument(
        '--config',
        required=True,
        help='config that describes the folder: a path, or a name in '
        'configs/_base_/datasets',
    )
    add_alignment_options(parser)
    args = parser.parse_args(arguments)
    if args.like is None:
        parser.error('--like LAYER is needed: whose grid the others take')
    return args


if __name__ == '__main__':
    run(main)
