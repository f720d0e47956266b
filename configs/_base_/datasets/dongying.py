# DDHR, Dongying: three bands of Gaofen-2 and VV of Gaofen-3, both 8-bit JPEG.
# Scaling, mean and std are those of DDHRNet's loader, the same for all cities
# and bands. JoiTriNet does not state its own.
dataset_type = 'DongyingDataset'
data_root = 'data/ddhr/dongying'
split = 'splits/random-622-seed0'
num_classes = 5
modalities = dict(
    opt=dict(
        dir='GF2',
        suffix='.jpg',
        bands=[0, 1, 2],
        unit='8-bit stretch',
        values=[dict(type='ScaleValues', factor=1 / 255)],
        mean=[0.5, 0.5, 0.5],
        std=[0.5, 0.5, 0.5],
        display=dict(range=[0.0, 1.0]),
    ),
    sar=dict(
        dir='GF3',
        suffix='.jpg',
        bands=[0],
        unit='8-bit stretch',
        values=[dict(type='ScaleValues', factor=1 / 255)],
        mean=[0.5],
        std=[0.5],
        display=dict(range=[0.0, 1.0]),
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
