# What all datasets have in common: pipelines, loaders, metrics. A dataset adds
# type, data_root, modalities and the split lists.
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
# Batch norm in the ASPP cannot work on a last batch of one tile.
train_dataloader = dict(
    **loader,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = dict(
    **loader,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(pipeline=test_pipeline, test_mode=True),
)
test_dataloader = dict(
    **loader,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(pipeline=test_pipeline, test_mode=True),
)
val_evaluator = [
    dict(type='LandCoverMetric'),
    dict(type='CrossEntropyMetric', prefix='val'),
]
test_evaluator = dict(type='LandCoverMetric')
# jitter: how much gains and offsets of all bands vary in training, in standard
# deviations, for places that nobody has trained on.
data_preprocessor = dict(type='MultiModalSegDataPreProcessor', jitter=0.0)
