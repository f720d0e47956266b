"""Lists of 1, 10, 30 and 100 percent of the training tiles.

For experiments with few labels. The training list of the config is shuffled
once; each list is the beginning of it, so that every list contains the
smaller ones. They lie below the folder of the training list, one folder per
fraction: ``labels-10/train.txt``. Percentages are rounded down, to one tile
at least. A second run changes nothing.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from multimodal_rs.data_prep.prepare import build_dataset
from multimodal_rs.data_prep.splits import shuffled, write_list
from multimodal_rs.utils.command_line import CommandParser, run
from multimodal_rs.utils.installation import dataset_config

PERCENT = (1, 10, 30, 100)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the lists.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code, 0.

    Raises:
        FileNotFoundError: If the config or its training list is not there.
    """
    args = _parse(arguments)
    config = dataset_config(args.config)
    dataset = build_dataset(config, args.data_root)
    tiles = [record['sample_id'] for record in dataset.load_data_list()]
    source = Path(dataset.ann_file)
    for percent, part in fractions(tiles, args.percent, args.seed).items():
        write_list(source.parent / f'labels-{percent}' / source.name, part)
    return 0


def fractions(
    tiles: Sequence[str], percent: Sequence[int], seed: int
) -> Mapping[int, list[str]]:
    """Take nested parts of the tiles.

    Args:
        tiles: Different tile ids.
        percent: How much to take, 1 to 100.
        seed: Of the shuffle; it depends on nothing else.

    Returns:
        Percent -> the first tiles of the shuffled list.
    """
    order = shuffled(tiles, seed)
    return {p: order[: max(len(order) * p // 100, 1)] for p in percent}


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('data_root', type=Path, help='folder of the dataset')
    parser.add_argument(
        '--config',
        required=True,
        help='config whose training list is divided: a path, or a name in '
        'configs/_base_/datasets',
    )
    parser.add_argument(
        '--percent',
        type=_percent,
        nargs='+',
        default=PERCENT,
        help='fractions to write (1 10 30 100)',
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='seed of the shuffle (0)'
    )
    return parser.parse_args(arguments)


def _percent(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 100:
        raise argparse.ArgumentTypeError(f'expected 1 to 100, got {value}')
    return value


if __name__ == '__main__':
    run(main)
