# JoiTriNet-d maps floods that it was not trained on, also where one of the
# sensors is missing; the recipe is ours. Training crops are a quarter of a
# chip. Tests can let normalisation adapt to each flood.
_base_ = [
    '../_base_/models/joitrinet-d_r18.py',
    '../_base_/datasets/sen1floods11.py',
    '../_base_/schedules/adamw_40e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
load, augment = _base_.train_pipeline[:2], _base_.train_pipeline[2:]
train_pipeline = [
    *load,
    dict(type='RandomCrop', crop_size=(256, 256)),
    *augment,
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
default_hooks = dict(adapt_norm=dict(places=_base_.every_place))
