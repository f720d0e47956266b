# JoiTriNet-d on aerial images and heights; the recipe is ours, the paper has
# no such data. Training crops are a quarter of a tile.
_base_ = [
    '../_base_/models/joitrinet-d_r18.py',
    '../_base_/datasets/flair.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
encoder = _base_.model.backbone.branches.opt
decoder = _base_.model.backbone.necks.opt
head = _base_.model.modality_heads.opt
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(
        branches=dict(_delete_=True, opt=encoder, ndsm=encoder),
        necks=dict(_delete_=True, opt=decoder, ndsm=decoder),
    ),
    modality_heads=dict(_delete_=True, opt=head, ndsm=head),
)
load, augment = _base_.train_pipeline[:2], _base_.train_pipeline[2:]
train_pipeline = [
    *load,
    dict(type='RandomCrop', crop_size=(256, 256)),
    *augment,
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
