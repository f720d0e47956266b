"""The network and the datasets inside the wrappers of a run."""

from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import nn
from torch.utils.data import Dataset


def unwrapped(model: nn.Module) -> nn.Module:
    """Take off wrappers for several processes and test-time augmentation."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model


def unwrapped_datasets(dataset: Dataset) -> list[Dataset]:
    """List the datasets in a wrapper that seed their own samples."""
    if hasattr(dataset, 'datasets'):
        return [d for p in dataset.datasets for d in unwrapped_datasets(p)]
    if hasattr(dataset, 'draws'):
        return [dataset]
    if hasattr(dataset, 'dataset'):
        return unwrapped_datasets(dataset.dataset)
    return []
