# Region-wise queries on the three modalities of C2Seg-BW, cut from its scenes.
# The recipe is ours, that of C2Seg-AB.
_base_ = [
    '../_base_/models/df2rq_r18.py',
    '../_base_/datasets/c2seg_bw_hsi.py',
    '../_base_/schedules/adamw_80e.py',
    '../_base_/default_runtime.py',
]
branch = _base_.model.backbone.branches.sar
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(branches=dict(hsi=branch)),
)
load, augment = _base_.train_pipeline[:2], _base_.train_pipeline[2:]
train_pipeline = [
    *load,
    dict(type='RandomCrop', crop_size=(128, 128)),
    *augment,
]
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))
