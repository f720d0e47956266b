# JoiTriNet-d, tested at home and in other regions.
_base_ = [
    '../_base_/models/joitrinet-d_r18.py',
    '../_base_/datasets/simulated_regions.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
default_hooks = dict(adapt_norm=dict(places=_base_.every_place))
