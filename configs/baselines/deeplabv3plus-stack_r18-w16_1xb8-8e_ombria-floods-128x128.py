# Early concatenation, narrow, with four floods kept apart.
_base_ = [
    '../_base_/models/deeplabv3plus-stack_r18.py',
    '../_base_/datasets/ombria_floods.py',
    '../_base_/schedules/adamw_8e.py',
    '../_base_/default_runtime.py',
]
width = 16
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(backbone=dict(stem_channels=width, base_channels=width)),
    decode_head=dict(
        in_channels=(width, 8 * width), decoder=dict(channels=32)
    ),
)
default_hooks = dict(adapt_norm=dict(places=_base_.every_place))
