"""Preparation of WHU-OPT-SAR, usually in data/whu_opt_sar.

The sheets in optical (or image), sar and lbl are cut into tiles of 256x256
below tiles: 294 of each sheet, 29400 of all 100, as in published work. The
right 180 columns and the lower 120 rows of a sheet, 6 % of it, are not used.
An interrupted run goes on where it stopped; a second one changes nothing.
Afterwards the sheets may be removed.

Two or three splits are written below splits:

random-622-seed<seed>
    6:2:2 by tile, 17640, 5880 and 5880: the usual sizes; the lists of others
    are not published. Every sheet is in all three parts, so the scores say
    nothing about a sheet that was not seen.

geographic-622-seed<seed>
    6:2:2 by sheet: 60, 20 and 20 of 100. Sheets are neighbours and do not
    overlap, so tiles of two parts touch at the edges of sheets only.

official
    Written if the authors' list is in the folder, "The division of the
    dataset.txt" of their repository: 80 sheets for training, 20 for testing.
    There is no validation part. A copy that lacks sheets has those it has.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from multimodal_rs.data_prep.prepare import prepare, usual_parser
from multimodal_rs.data_prep.scenes import Scene, SceneLayer, scene_of
from multimodal_rs.data_prep.splits import (
    Split,
    natural_sort,
    random_split,
    scene_split,
)
from multimodal_rs.utils.command_line import run
from multimodal_rs.utils.damage import reading

CONFIG = 'whu_opt_sar.py'
DIVISION = 'The division of the dataset.txt'
# Layer -> names that its folder has in copies of the data.
OPTICAL = (0, 1, 2, 3)  # the fourth is near infrared
FOLDERS = dict(optical=('optical', 'image'), sar=('sar',), lbl=('lbl',))


def make_splits(
    tiles: Sequence[str], seed: int, data_root: Path | None = None
) -> dict[str, Split]:
    """Make the random and the geographic split, and the authors'.

    Args:
        tiles: Ids of all tiles.
        seed: Of the first two.
        data_root: Where the authors' list may be; None: it is not asked for.

    Raises:
        ValueError: If a sheet is not in the authors' list, or twice.
    """
    sheets = random_split(sorted({scene_of(tile) for tile in tiles}), seed)
    division = {}
    if data_root is not None and (data_root / DIVISION).is_file():
        division = {'official': divide(tiles, data_root / DIVISION)}
    return {
        f'random-622-seed{seed}': random_split(tiles, seed),
        f'geographic-622-seed{seed}': scene_split(
            tiles, scene_of, sheets['val'], sheets['test']
        ),
        **division,
    }


def divide(tiles: Sequence[str], path: Path) -> Split:
    """Divide tiles as a list of sheets says.

    Args:
        tiles: Their ids.
        path: The list: ``train:``, names of files, ``test:``, names of files.

    Raises:
        ValueError: If the list is damaged, or a sheet is not in one of its
            parts.
    """
    with reading(path, "the authors' list: download it again"):
        lines = path.read_text(encoding='utf-8').split()
        before, after = lines.index('train:'), lines.index('test:')
        names = [line.removesuffix('.tif') for line in lines]
    train, test = names[before + 1 : after], names[after + 1 :]
    sheets = natural_sort({scene_of(tile) for tile in tiles})
    wrong = [s for s in sheets if (s in train) + (s in test) != 1]
    if wrong:
        raise ValueError(
            f'{path}: {len(wrong)} of {len(sheets)} sheets are not in one of '
            f'its parts, {", ".join(wrong[:5])}: download it again, or take '
            'it out of the folder'
        )
    return scene_split(tiles, scene_of, (), test)


def find_scenes(data_root: Path) -> list[Scene]:
    """List the sheets of a folder.

    Raises:
        FileNotFoundError: If a sheet lacks a layer.
    """
    files = {layer: _sheets(data_root, layer) for layer in FOLDERS}
    names = natural_sort(set().union(*files.values()))
    for layer, sheets in files.items():
        missing = [name for name in names if name not in sheets]
        if missing:
            raise FileNotFoundError(
                f'{data_root}: {len(missing)} of {len(names)} sheets lack '
                f'their {layer}, {", ".join(missing[:5])}. Expected a file '
                f'{FOLDERS[layer][0]}/{missing[0]}.tif: download it, or take '
                'the other layers of the sheet out of the folder'
            )
    return [
        Scene(
            name,
            {
                layer: SceneLayer(
                    sheets[name],
                    is_label=layer == 'lbl',
                    measured=OPTICAL if layer == 'optical' else (),
                )
                for layer, sheets in files.items()
            },
        )
        for name in names
    ]


def _sheets(data_root: Path, layer: str) -> dict[str, Path]:
    """Find the sheets of a layer: name -> file."""
    return {
        path.stem: path
        for folder in reversed(FOLDERS[layer])  # the first one wins
        for path in (data_root / folder).glob('*.tif')
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    args = usual_parser(__doc__, CONFIG).parse_args(arguments)
    return prepare(
        __doc__,
        CONFIG,
        partial(make_splits, data_root=args.data_root),
        scene_of,
        find_scenes,
        arguments=arguments,
    )


if __name__ == '__main__':
    run(main)
