"""A tiny network and scenes: fixtures for the conftest of a folder."""

import numpy as np
import pytest
import rasterio
import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from rasterio.crs import CRS
from torch import nn

import multimodal_rs  # noqa: F401  registers everything

BANDS = dict(opt=3, sar=2)
CLASSES = ('water', 'forest & scrub', 'crops', 'built')
PALETTE = ((0, 0, 255), (0, 120, 0), (240, 200, 0), (200, 30, 30))
GRID = dict(
    crs=CRS.from_epsg(32632),
    transform=rasterio.Affine(10, 0, 5e5, 0, -10, 6e6),
)


@MODELS.register_module()
class PointwiseBackbone(BaseModule):
    """Looks at one pixel at a time."""

    def __init__(self, in_channels: int, channels: int = 8) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, 1)

    def forward(self, x):
        return (self.conv(x).tanh(),)


def model_config(heads=True, **preprocessor):
    head = dict(
        type='ConvHead',
        kernel_size=1,
        in_channels=8,
        in_index=0,
        num_classes=len(CLASSES),
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    )
    modalities = dict(
        opt=dict(
            bands=[2, 1, 0],
            nodata='file',
            nodata_when='all',
            values=[dict(type='ScaleValues', factor=1e-4)],
            mean=[0.1, 0.1, 0.1],
            std=[0.05, 0.05, 0.05],
        ),
        sar=dict(bands=[0, 1], mean=[-12.0, -18.0], std=[4.0, 4.0]),
    )
    branches = {
        m: dict(type='PointwiseBackbone', in_channels=n)
        for m, n in BANDS.items()
    }
    return dict(
        type='MultiModalEncoderDecoder',
        data_preprocessor=dict(
            type='MultiModalSegDataPreProcessor',
            modalities=modalities,
            **preprocessor,
        ),
        backbone=dict(type='ParallelBackbones', branches=branches),
        neck=dict(type='SumFusionNeck', modalities=list(BANDS), in_index=[0]),
        decode_head=head,
        modality_heads={m: head for m in BANDS} if heads else None,
        test_cfg=dict(mode='whole'),
    )


def single_config(make_config, name):
    """The network of one modality."""
    config = make_config(heads=False)
    for parts in (
        config['data_preprocessor']['modalities'],
        config['backbone']['branches'],
    ):
        for other in parts.keys() - {name}:
            del parts[other]
    neck = dict(type='SumFusionNeck', modalities=[name], in_index=[0])
    return config | dict(neck=neck)


def spread(model):
    """Give every class a share of the map: random weights favour one."""
    with torch.no_grad():
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=1.0)
    return model.eval()


@pytest.fixture
def make_config():
    return model_config


@pytest.fixture
def model():
    return spread(MODELS.build(model_config()))


def smooth_noise(rng, bands, height, width):
    coarse = rng.normal(size=(bands, height // 4 + 1, width // 4 + 1))
    return coarse.repeat(4, 1).repeat(4, 2)[:, :height, :width]


@pytest.fixture
def make_scene(tmp_path):
    """Write a scene: opt as uint16 with nodata 0, sar as float32 with NaN."""

    def make(height=70, width=90, folder='scene', edit=None, **grid):
        rng = np.random.default_rng(0)
        opt = smooth_noise(rng, 3, height, width) * 500 + 1500
        sar = smooth_noise(rng, 2, height, width) * 4 - 15
        data = dict(opt=opt.clip(1).astype('uint16'), sar=sar.astype('f4'))
        if edit is not None:
            edit(data)
        paths = {}
        (tmp_path / folder).mkdir(exist_ok=True)
        for name, array in data.items():
            paths[name] = str(tmp_path / folder / f'{name}.tif')
            settings = GRID | dict(nodata=0 if name == 'opt' else np.nan)
            settings |= grid.get(name, {})
            with rasterio.open(
                paths[name],
                'w',
                driver='GTiff',
                count=len(array),
                height=array.shape[1],
                width=array.shape[2],
                dtype=array.dtype,
                **settings,
            ) as file:
                file.write(array)
        return paths

    return make
