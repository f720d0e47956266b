"""A small network and five tiles, for the hook that draws them."""

import uuid
from pathlib import Path

import numpy as np
from mmengine.config import Config

from fake_data.files import write_tif
from multimodal_rs.visualization.hook import MultiModalVisualizationHook

CLASSES = ['water', 'forest', 'crops']
PALETTE = [[0, 0, 255], [0, 120, 0], [240, 200, 0]]
MODALITIES = dict(
    opt=dict(dir='opt', bands=[0, 1, 2]),
    sar=dict(dir='sar', bands=[0], optional=True),
)
SIZE = 24


def make_tiles(root):
    """Write five tiles, the last one without sar."""
    rng = np.random.default_rng(0)
    tiles = [f'area/tile{i}' for i in range(5)]
    for tile in tiles:
        opt = rng.random((3, SIZE, SIZE), np.float32)
        opt[:, :5, :5] = np.nan
        write_tif(root / 'opt' / f'{tile}.tif', opt)
        label = rng.integers(0, 3, (1, SIZE, SIZE)).astype(np.uint8)
        write_tif(root / 'label' / f'{tile}.tif', label)
        if tile != tiles[-1]:
            sar = rng.random((1, SIZE, SIZE), np.float32)
            write_tif(root / 'sar' / f'{tile}.tif', sar)
    (root / 'tiles.txt').write_text('\n'.join(tiles))


def head():
    return dict(
        type='ConvHead',
        in_channels=8,
        in_index=0,
        num_classes=3,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    )


def model_config():
    branch = dict(
        type='ResNet',
        depth=18,
        base_channels=8,
        num_stages=1,
        strides=(1,),
        dilations=(1,),
        out_indices=(0,),
        norm_cfg=dict(type='BN'),
    )
    branches = {
        m: branch | dict(in_channels=n) for m, n in (('opt', 3), ('sar', 1))
    }
    return dict(
        type='MultiModalEncoderDecoder',
        data_preprocessor=dict(
            type='MultiModalSegDataPreProcessor',
            modalities=MODALITIES,
        ),
        backbone=dict(type='ParallelBackbones', branches=branches),
        neck=dict(
            type='SumFusionNeck',
            modalities=['opt', 'sar'],
            in_index=[0],
        ),
        decode_head=head(),
        modality_heads=dict(opt=head(), sar=head()),
        test_cfg=dict(mode='whole'),
    )


def runner_config(root, batch_size=2, **hook):
    dataset = dict(
        type='MultiModalSegDataset',
        data_root=str(root),
        ann_file='tiles.txt',
        modalities=MODALITIES,
        label=dict(dir='label'),
        metainfo=dict(classes=CLASSES, palette=PALETTE),
        pipeline=[
            dict(type='LoadMultiModalImages'),
            dict(type='LoadLandCover'),
            dict(type='PackMultiModalInputs'),
        ],
        test_mode=True,
    )
    loader = dict(
        batch_size=batch_size,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dataset,
    )
    return Config(
        dict(
            default_scope='mmseg',
            experiment_name=uuid.uuid4().hex,
            work_dir=str(root / 'work'),
            model=model_config(),
            train_dataloader=loader,
            val_dataloader=loader,
            test_dataloader=loader,
            train_cfg=dict(by_epoch=True, max_epochs=2, val_interval=1),
            val_cfg=dict(),
            test_cfg=dict(),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-3)),
            val_evaluator=dict(type='LandCoverMetric'),
            test_evaluator=dict(type='LandCoverMetric'),
            default_hooks=dict(
                checkpoint=None,
                visualization=dict(
                    type='MultiModalVisualizationHook', cell=48, **hook
                ),
            ),
            vis_backends=[dict(type='LocalVisBackend')],
            visualizer=dict(
                type='SegLocalVisualizer',
                vis_backends=[dict(type='LocalVisBackend')],
            ),
            log_level='WARNING',
        )
    )


def the_hook(runner):
    kind = MultiModalVisualizationHook
    (hook,) = (h for h in runner.hooks if isinstance(h, kind))
    return hook


def pictures(folder):
    return sorted(p.name for p in Path(folder).rglob('vis_image/*.png'))
