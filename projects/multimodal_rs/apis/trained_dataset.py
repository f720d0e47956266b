"""Tiles that are read as a network was trained to see them."""

from collections.abc import Mapping

from mmseg.registry import DATASETS
from torch import nn

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.fits import steps_of


def trained_dataset(
    settings: Mapping, model: nn.Module
) -> MultiModalSegDataset:
    """Build a dataset with the numbers of a network's training pixels.

    Steps of ``values`` such as ``PCA`` are measured on training pixels. What
    the checkpoint has goes before what ``stats.json`` says by now, as in a
    test with ``FittedValuesHook``.

    Args:
        settings: Config of the dataset.
        model: What :func:`multimodal_rs.apis.trained.load_trained` has made.
    """
    dataset = DATASETS.build(settings)
    declared = model.data_preprocessor.modalities.items()
    dataset.take_fits(
        steps_of({name: dict(values=m.values) for name, m in declared})
    )
    return dataset
