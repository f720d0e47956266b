"""A trained network for programs that use the package."""

import os
from collections.abc import Sequence

from mmengine.config import Config
from mmengine.device import get_device
from torch import nn

from multimodal_rs.apis.checkpoint_config import checkpoint_config
from multimodal_rs.apis.trained import load_trained
from multimodal_rs.inference.provenance import checkpoint_identity
from multimodal_rs.inference.specialists import add_specialists
from multimodal_rs.models.missing_image import Missing
from multimodal_rs.utils.configs import read_config


def init_model(
    config: str | os.PathLike | Config | None,
    checkpoint: str | os.PathLike,
    device: str = 'cpu',
    missing: Missing | None = None,
    specialists: Sequence[nn.Module] = (),
) -> nn.Module:
    """Build the network of a config and load a checkpoint into it.

    As mmseg's function of this name, but nothing is downloaded, no code that
    the checkpoint may hold is run, and config and checkpoint must belong
    together.

    Args:
        config: The config of the training, or its path. None: the one that
            the training has written into the checkpoint.
        checkpoint: What the training wrote.
        device: ``'cpu'``, ``'cuda'``, ``'cuda:1'``, ..., or ``'auto'``: the
            accelerator if there is one.
        missing: What stands for a modality that is missing, in a network
            without modality heads: ``'black'``, ``'mean'`` or values per
            band. None: as the config says.
        specialists: Networks that this function has made, each trained with
            some of the modalities, on the same classes: in maps of scenes
            they answer where exactly these are valid.

    Returns:
        The network in evaluation mode, with ``cfg``, ``dataset_meta``
        (``classes`` and ``palette``), ``checkpoint_identity`` (name and
        SHA-256) and ``loaded_from`` (its files) as attributes.

    Raises:
        FileNotFoundError: If a file does not exist.
        ValueError: If config and checkpoint do not belong together, or a
            specialist reads or answers otherwise.
        KeyError: If the checkpoint lacks weights or what they were trained on.
    """
    if config is None:
        config = checkpoint_config(checkpoint)
    elif not isinstance(config, Config):
        config = read_config(config)
    device = get_device() if device == 'auto' else device
    model, classes, palette = load_trained(config, checkpoint, device)
    if missing is not None:
        model.data_preprocessor.set_missing(missing)
    model.cfg = config
    model.dataset_meta = dict(classes=classes, palette=palette)
    files = checkpoint, config.filename
    model.loaded_from = tuple(path for path in files if path is not None)
    model.checkpoint_identity = checkpoint_identity(checkpoint)
    add_specialists(model, specialists)
    for specialist in specialists:
        model.loaded_from += specialist.loaded_from
    return model
