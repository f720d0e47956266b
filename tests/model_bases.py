"""The networks of configs/_base_/models, on data of any bands."""

from collections.abc import Mapping

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import Tensor, nn

import multimodal_rs  # noqa: F401  registers everything
from config_cases import _without
from fake_tensors import build_fake, fake_mode
from helpers import ROOT

BANDS = dict(opt=3, sar=2)


def network(
    base: str,
    bands: Mapping[str, int] = BANDS,
    num_classes: int = 8,
    changes: Mapping | None = None,
) -> dict:
    """Return the config of a network, without pretrained weights.

    Args:
        base: Name of a file in ``configs/_base_/models``.
        bands: Number of bands per modality.
        num_classes: Of the data.
        changes: Merged into the config.
    """
    init_default_scope('mmseg')
    path = ROOT / 'configs' / '_base_' / 'models' / f'{base}.py'
    cfg = Config.fromfile(path)
    cfg.merge_from_dict(dict(model=dict(changes or {})))
    return dict(
        _without(cfg.model.to_dict(), 'init_cfg'),
        data_preprocessor=dict(
            type='MultiModalSegDataPreProcessor',
            modalities={m: dict(bands=[*range(n)]) for m, n in bands.items()},
            num_classes=num_classes,
        ),
    )


def build(*arguments, **keywords) -> nn.Module:
    """Build what :func:`network` returns."""
    model = MODELS.build(network(*arguments, **keywords))
    model.init_weights()
    return model


def count_parameters(*arguments, **keywords) -> int:
    """Count the parameters of what :func:`network` returns."""
    model = build_fake(network(*arguments, **keywords), fake_mode())
    return sum(p.numel() for p in model.parameters())


def images(
    size=(48, 40), batch=2, bands: Mapping[str, int] = BANDS
) -> dict[str, Tensor]:
    """Return random images that require gradients."""
    return {
        m: torch.randn(batch, n, *size, requires_grad=True)
        for m, n in bands.items()
    }


def logits(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    """Return the fused logits at the size of the images."""
    return model.encode_decode(inputs, [{}])


def fused(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    """Return the fused logits as the head makes them."""
    return model.decode_head(model.extract_feat(inputs))


def field_of_view(chain: nn.Module) -> int:
    """Return how many pixels in a row one output cell of a chain sees.

    Layers count in the order of registration; side paths must see less.
    """
    field, stride = 1, 1
    for layer in chain.modules():
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d):
            kernel, step = (
                n[0] if isinstance(n, tuple) else n
                for n in (layer.kernel_size, layer.stride)
            )
            field += (kernel - 1) * stride
            stride *= step
    return field
