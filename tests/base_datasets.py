"""Datasets of the base configs, and what their tiles are called."""

from pathlib import Path

from mmengine.config import Config
from mmseg.registry import DATASETS

from helpers import ROOT
from multimodal_rs.datasets.base import MultiModalSegDataset

CONFIGS = ROOT / 'configs/_base_/datasets'


def build(
    name: str, root: Path, lines: str | None = None, part: str = 'val'
) -> MultiModalSegDataset:
    """Build the dataset of a base config.

    Args:
        name: Of the config.
        root: Folder of the data.
        lines: Of a list of tiles, in place of the config's.
        part: ``train``, ``val`` or ``test``.
    """
    settings = Config.fromfile(CONFIGS / f'{name}.py')
    settings = settings[f'{part}_dataloader'].dataset
    settings.update(data_root=str(root))
    if lines is not None:
        (root / 'list.txt').write_text(lines)
        settings.update(ann_file='list.txt')
    return DATASETS.build(settings)


def ids(dataset: MultiModalSegDataset) -> list[str]:
    return [tile['sample_id'] for tile in dataset.tiles]
