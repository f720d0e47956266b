"""Tiny networks that know how many pixels around one they see."""

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import nn

from multimodal_rs.models.segmentors.multi_modal_encoder_decoder import (
    MultiModalEncoderDecoder,
)
from small_network import BANDS, CLASSES, model_config, spread


@MODELS.register_module()
class DenseOfTwo(MultiModalEncoderDecoder):
    """Answers everywhere at once, from two pixels around each."""

    margin = 2


@MODELS.register_module()
class TwoConvolutions(BaseModule):
    """Zeros beyond the border of an image."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, 8, 3, padding=1),
            nn.Tanh(),
            nn.Conv2d(8, 8, 3, padding=1),
        )

    def forward(self, x):
        return (self.layers(x).tanh(),)


def branches(**encoder):
    return dict(
        type='ParallelBackbones',
        branches={m: dict(encoder, in_channels=n) for m, n in BANDS.items()},
    )


def dense_network():
    config = model_config(heads=False)
    config['type'] = 'DenseOfTwo'
    config['backbone'] = branches(type='TwoConvolutions')
    torch.manual_seed(0)
    return spread(MODELS.build(config))


def window_network(batch=4096):
    """A window classifier of 11 x 11 pixels."""
    config = model_config(heads=False) | dict(
        type='PixelWindowClassifier',
        window=11,
        backbone=branches(type='WindowEncoder', width=2),
        neck=dict(type='MeanConcatNeck'),
        decode_head=dict(
            type='WindowHead', in_channels=8, num_classes=len(CLASSES)
        ),
        test_cfg=dict(mode='whole', batch=batch),
    )
    torch.manual_seed(0)
    model = spread(MODELS.build(config))
    with torch.no_grad():  # five layers make large numbers
        model.decode_head.conv_seg.weight /= 20
    return model


class Counter:
    """How many windows a network classifies."""

    def __init__(self, model):
        self.count = 0
        model.decode_head.register_forward_hook(self._add)

    def _add(self, head, features, logits):
        self.count += len(logits)

    def taken(self):
        count, self.count = self.count, 0
        return count
