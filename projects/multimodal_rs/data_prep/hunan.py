"""Preparation of Hunan, usually in data/hunan.

Unpack the archive there and move the contents of its folder Hunan_Dataset up,
so that there is data/hunan/train/s2/s2_1212.tif and so on; a copy with other
folders or names needs a config that declares them.
One split is written below splits:

official
    The parts of the archive: 400 tiles to train, 50 to validate, 50 to test.

The conversion of SSRS, with the folders images_png, dsm_pngs and masks_png, is
read with ``--config hunan_ssrs.py``. It mixes the parts:

random-622-seed<seed>
    6:2:2 by tile. Whether tiles of two lists are neighbours, their numbers do
    not tell.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from multimodal_rs.data_prep.elsewhere import guess
from multimodal_rs.data_prep.prepare import (
    build_dataset,
    prepare,
    usual_parser,
)
from multimodal_rs.data_prep.splits import Split, natural_sort, random_split
from multimodal_rs.datasets.hunan import PARTS, HunanDataset
from multimodal_rs.utils.command_line import run
from multimodal_rs.utils.installation import dataset_config

CONFIG = 'hunan.py'
SHOWN = 12  # folders that a message lists


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Make the official split, or a random one where ids have no parts."""
    split: Split = {part: [] for part in PARTS}
    for tile in natural_sort(tiles):
        part, _, name = tile.partition('/')
        if not name:
            return {f'random-622-seed{seed}': random_split(tiles, seed)}
        split[part].append(tile)
    return {'official': split}


def check_layout(dataset: HunanDataset) -> None:
    """Refuse a folder in which no file is where the config expects it.

    Raises:
        FileNotFoundError: With what was expected and what is there.
    """
    layers = {m.name: (m.dir, m.suffix) for m in dataset.modalities.values()}
    layers['label'] = dataset.label.dir, dataset.label.suffix
    empty = {
        name: f'{dir}{suffix}' if '{name}' in dir else f'{dir}/*{suffix}'
        for name, (dir, suffix) in layers.items()
        if not dataset.list_tiles(dir, suffix)
    }
    if empty:
        raise FileNotFoundError(
            f'{dataset.data_root} has no file of {list(empty)}. Expected '
            f'{empty}, found {describe_files(Path(dataset.data_root))}. If '
            'your copy has other folders, write a config that inherits '
            'hunan.py and declares the `dir` of these as they are there, and '
            f'pass it with --config.{guess(dataset)}'
        )


def describe_files(root: Path) -> str:
    """Say which folders have how many files, with an example of each."""
    paths = sorted(path for path in root.rglob('*') if path.is_file())
    paths = [path.relative_to(root) for path in paths]
    counts = Counter(path.parent for path in paths)
    first = {path.parent: path for path in reversed(paths)}
    texts = [
        f'{counts[folder]} files like {first[folder]}' for folder in counts
    ]
    more = f' and {len(texts) - SHOWN} more' if len(texts) > SHOWN else ''
    return ', '.join(texts[:SHOWN]) + more if texts else 'no file at all'


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    args = usual_parser(__doc__, CONFIG).parse_args(arguments)
    config = dataset_config(args.config or CONFIG)
    check_layout(build_dataset(config, args.data_root))
    return prepare(__doc__, CONFIG, make_splits, arguments=arguments)


if __name__ == '__main__':
    run(main)
