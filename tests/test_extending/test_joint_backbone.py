"""A backbone that mixes its streams: one file and one config, no edits.

Creates: the module of the backbone, a config (and this test). Edits: nothing.
It is trained, tested with every subset of its modalities and maps a scene,
all through the tools.
"""

import json

import numpy as np
import pytest
import rasterio

from helpers import ROOT
from tool_runs import newest, run_tool

MODULE = '''
"""Two streams that look at each other on every level."""

from mmengine.model import ModuleDict, ModuleList
from mmseg.registry import MODELS
from torch import nn

from multimodal_rs.models.backbones.multi_modal_backbone import (
    MultiModalBackbone,
)


def layer(bands, channels):
    return nn.Sequential(
        nn.Conv2d(bands, channels, 3, stride=2, padding=1),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
    )


@MODELS.register_module()
class MixingBackbone(MultiModalBackbone):
    def __init__(self, modalities, in_channels, channels=(8, 16)):
        super().__init__(modalities)
        self.stages = ModuleDict()
        for m in modalities:
            widths = (in_channels[m], *channels)
            pairs = zip(widths, widths[1:])
            self.stages[m] = ModuleList(layer(*pair) for pair in pairs)

    def forward(self, inputs):
        maps, pyramids = dict(inputs), {m: [] for m in self.modalities}
        for level in range(len(self.stages[self.modalities[0]])):
            maps = {m: self.stages[m][level](maps[m]) for m in maps}
            mean = sum(maps[m] for m in self.modalities) / len(maps)
            maps = {m: (x + mean) / 2 for m, x in maps.items()}
            for m, x in maps.items():
                pyramids[m].append(x)
        return {m: tuple(p) for m, p in pyramids.items()}
'''
CONFIG = """
_base_ = [
    '{root}/configs/_base_/datasets/simulated.py',
    '{root}/configs/_base_/schedules/adamw_8e.py',
    '{root}/configs/_base_/default_runtime.py',
]
custom_imports = dict(imports=['multimodal_rs', 'mixing_backbone'])
head = dict(
    type='ConvHead',
    in_channels=16,
    in_index=0,
    loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
)
model = dict(
    type='MultiModalEncoderDecoder',
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(type='MixingBackbone'),
    neck=[
        dict(type='SumFusionNeck', in_index=(0, 1)),
        dict(type='FPN', in_channels=[8, 16], out_channels=16, num_outs=2),
    ],
    decode_head=head,
    auxiliary_head=dict(head, in_index=1),
    modality_heads={modality_heads},
)
root = dict(dataset=dict(data_root={data!r}))
train_dataloader = dict(batch_size=4, num_workers=0, **root)
val_dataloader = dict(batch_size=4, num_workers=0, **root)
test_dataloader = dict(batch_size=3, num_workers=0, **root)
for loader in (train_dataloader, val_dataloader, test_dataloader):
    loader['persistent_workers'] = False
del loader, root
train_cfg = dict(max_epochs=1, val_interval=1)
"""
SCENE = dict(opt='s2.tif', sar='s1.tif')
HEADS = "{m: dict(head, in_index=1) for m in ('opt', 'sar')}"


@pytest.mark.parametrize('heads', [None, HEADS], ids=['plain', 'heads'])
def test_train_test_and_map(tmp_path, simulated, heads):
    (tmp_path / 'mixing_backbone.py').write_text(MODULE)
    work_dir = tmp_path / 'run'
    config = tmp_path / 'mixing.py'
    config.write_text(
        CONFIG.replace('{root}', str(ROOT))
        .replace('{data!r}', repr(str(simulated)))
        .replace('{modality_heads}', str(heads))
    )

    def tool(name, *arguments):
        run_tool(f'tools/{name}', config, *arguments, path=[tmp_path])

    tool('train.py', '--work-dir', work_dir)
    checkpoint = work_dir / 'epoch_1.pth'
    tool('test.py', checkpoint, '--work-dir', work_dir)
    scores = json.loads(newest(work_dir, 'modality_subsets.json').read_text())
    assert list(scores) == ['opt+sar', 'opt', 'sar']
    kept = {name: entry['metrics']['OA'] for name, entry in scores.items()}
    assert len(set(kept.values())) == 3, kept

    scene = simulated / 'scene'
    subset = ('sar',) if heads else ('opt', 'sar')
    words = [f'{m}={scene / SCENE[m]}' for m in subset]
    out = work_dir / 'map.tif'
    tool('infer_scene.py', checkpoint, '--raster', *words, '--out', out)
    with rasterio.open(out) as file:
        land_cover = file.read(1)
    assert land_cover.shape == (272, 256)
    assert np.isin(land_cover, [*range(8), 255]).all()
