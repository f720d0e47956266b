# DFC2020: red, green and blue of Sentinel-2, VV and VH of Sentinel-1.
# No mean and std: the loader of JoiTriNet's authors has none. It maps
# reflectance 0..1 and -25..0 dB to 0..1, as here.
dataset_type = 'DFC2020Dataset'
data_root = 'data/dfc2020'
split = 'splits/random-622-seed0'
num_classes = 8
modalities = dict(
    opt=dict(
        dir='s2',
        bands=['B4', 'B3', 'B2'],
        file_bands=[
            *['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7'],
            *['B8', 'B8A', 'B9', 'B10', 'B11', 'B12'],
        ],
        unit='top-of-atmosphere reflectance x 10000',
        values=[
            dict(type='ScaleValues', factor=1e-4),
            dict(type='ClipValues', low=0.0, high=1.0),
        ],
        display=dict(bands=['B4', 'B3', 'B2'], range=[0.0, 0.3]),
    ),
    sar=dict(
        dir='s1',
        bands=['VV', 'VH'],
        file_bands=['VV', 'VH'],
        unit='sigma0 in dB',
        values=[dict(type='RescaleRange', low=-25.0, high=0.0)],
        display=dict(bands=['VV'], range=[0.0, 1.0]),
    ),
)

load = [dict(type='LoadMultiModalImages'), dict(type='LoadLandCover')]
train_pipeline = [
    *load,
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomRotate90'),
    dict(type='PackMultiModalInputs'),
]
test_pipeline = [*load, dict(type='PackMultiModalInputs')]
flips = [
    dict(type='RandomFlip', prob=0.0),
    dict(type='RandomFlip', prob=1.0, direction='horizontal'),
    dict(type='RandomFlip', prob=1.0, direction='vertical'),
]
tta_pipeline = [
    *load,
    dict(
        type='TestTimeAug',
        transforms=[flips, [dict(type='PackMultiModalInputs')]],
    ),
]

loader = dict(batch_size=8, num_workers=2, persistent_workers=True)
dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
# Batch norm in the ASPP cannot work on a last batch of one tile.
train_dataloader = dict(
    **loader,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        **dataset, ann_file=f'{split}/train.txt', pipeline=train_pipeline
    ),
)
val_dataloader = dict(
    **loader,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **dataset,
        ann_file=f'{split}/val.txt',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    **loader,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **dataset,
        ann_file=f'{split}/test.txt',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
val_evaluator = [
    dict(type='LandCoverMetric'),
    dict(type='CrossEntropyMetric', prefix='val'),
]
test_evaluator = dict(type='LandCoverMetric')
data_preprocessor = dict(
    type='MultiModalSegDataPreProcessor', modalities=modalities
)
