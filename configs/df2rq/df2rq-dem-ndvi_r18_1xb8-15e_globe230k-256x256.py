# Region-wise queries on the four modalities of Globe230k; the recipe is ours.
# Training crops are a quarter of a tile.
_base_ = [
    '../_base_/models/df2rq_r18.py',
    '../_base_/datasets/globe230k_dem.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
branch = _base_.model.backbone.branches.sar
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(branches=dict(ndvi=branch, dem=branch)),
)
load, augment = _base_.train_pipeline[:2], _base_.train_pipeline[2:]
train_pipeline = [
    *load,
    dict(type='RandomCrop', crop_size=(256, 256)),
    *augment,
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
