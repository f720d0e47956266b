# JoiTriNet-e, narrow, with four floods kept apart.
_base_ = [
    '../_base_/models/joitrinet-e_r18-w16.py',
    '../_base_/datasets/ombria_floods.py',
    '../_base_/schedules/adamw_8e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
default_hooks = dict(adapt_norm=dict(places=_base_.every_place))
