"""Features of labelled pixels, from the windows that networks see."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from mmseg.registry import DATASETS

from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.sparse_scene import SparseSceneDataset

LOAD = [dict(type='LoadMultiModalImages'), dict(type='LoadLandCover')]


@dataclass(frozen=True)
class Pixels:
    """Labelled pixels of a part of a dataset.

    Attributes:
        features: Modality -> (N, F) float32.
        classes: (N,) train ids.
    """

    features: dict[str, np.ndarray]
    classes: np.ndarray

    def joined(self, modalities: tuple[str, ...]) -> np.ndarray:
        """Get the features of some modalities side by side, (N, F)."""
        return np.concatenate([self.features[m] for m in modalities], axis=1)


def read_pixels(settings: Mapping, window: int) -> Pixels:
    """Read the labelled pixels of a part of a config.

    Each pixel has the numbers of its channels, and with a window larger than
    itself their means and standard deviations over the window, which is
    mirrored at the border of the scene as for networks. Numbers are
    normalised by the declaration; what is invalid counts as the mean, as in
    the preprocessor of networks.

    Args:
        settings: Of the part, ``cfg.train_dataloader.dataset``.
        window: Side in pixels, odd; 1: the pixel alone.

    Raises:
        TypeError: If the dataset does not give single pixels.
        ValueError: If a pixel is labelled for training and held out, as for
            networks.
    """
    settings = copy.deepcopy(dict(settings))
    kind = DATASETS.get(settings['type'])
    if kind is not None and not issubclass(kind, SparseSceneDataset):
        raise TypeError(
            'classifiers of single pixels read a SparseSceneDataset, got '
            f"{settings['type']}: set type='SparseSceneDataset' in the "
            'dataset of each part; tiles will do as scenes'
        )
    # The order is that of the raster: nothing is drawn.
    settings.update(windows=window, pipeline=LOAD)
    settings.pop('crops', None)
    dataset: SparseSceneDataset = DATASETS.build(settings)
    sizes = [m.channels for m in dataset.modalities.values()]
    factor = 1 if window == 1 else 3
    tables = [np.empty((len(dataset), factor * n), np.float32) for n in sizes]
    classes = np.empty(len(dataset), np.uint8)
    for i in range(len(dataset)):
        sample = dataset.raw_sample(i)
        classes[i] = sample['gt_seg_map'][window // 2, window // 2]
        # (w, w, C) per modality; the last band marks the inside.
        ends = np.cumsum(sizes)[:-1]
        blocks = np.split(sample['img'][..., :-1], ends, axis=2)
        modalities = dataset.modalities.values()
        for table, block, modality in zip(
            tables, blocks, modalities, strict=True
        ):
            table[i] = _describe(block, modality)
    names = list(dataset.modalities)
    return Pixels(dict(zip(names, tables, strict=True)), classes)


def _describe(block: np.ndarray, modality: Modality) -> np.ndarray:
    """Describe one window, (w, w, C), by (C,) or (3 C,) numbers."""
    ones, zeros = (1.0,) * modality.channels, (0.0,) * modality.channels
    mean = np.asarray(modality.mean or zeros, np.float32)
    std = np.asarray(modality.std or ones, np.float32)
    numbers = np.nan_to_num((block - mean) / std)
    middle = len(block) // 2
    centre = numbers[middle, middle]
    if len(block) == 1:
        return centre
    around = numbers.reshape(-1, modality.channels)
    return np.concatenate([centre, around.mean(axis=0), around.std(axis=0)])
