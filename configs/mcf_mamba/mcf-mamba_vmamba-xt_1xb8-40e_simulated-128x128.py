_base_ = [
    '../_base_/models/mcf-mamba_vmamba-xt.py',
    '../_base_/datasets/simulated.py',
    '../_base_/schedules/adamw_40e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(
        branches=dict(opt=dict(in_channels=4), sar=dict(in_channels=2))
    ),
)
