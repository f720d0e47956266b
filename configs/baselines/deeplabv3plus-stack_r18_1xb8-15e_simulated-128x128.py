_base_ = [
    '../_base_/models/deeplabv3plus_r18.py',
    '../_base_/datasets/simulated.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
# Early concatenation: optical and SAR bands as one image.
branch = _base_.model.backbone.branches.opt
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(
        _delete_=True,
        type='StackedBackbone',
        modalities=('opt', 'sar'),
        backbone=dict(**branch | dict(in_channels=6)),
    ),
)
