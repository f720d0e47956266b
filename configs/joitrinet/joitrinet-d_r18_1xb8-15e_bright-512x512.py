# JoiTriNet-d finds damaged buildings of events that it was not trained on;
# the recipe is ours. Training crops are a quarter of a tile. Tests can let
# normalisation adapt to each event.
_base_ = [
    '../_base_/models/joitrinet-d_r18.py',
    '../_base_/datasets/bright.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
load, augment = _base_.train_pipeline[:2], _base_.train_pipeline[2:]
train_pipeline = [
    *load,
    dict(type='RandomCrop', crop_size=(512, 512)),
    *augment,
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
default_hooks = dict(adapt_norm=dict(places=_base_.every_place))
