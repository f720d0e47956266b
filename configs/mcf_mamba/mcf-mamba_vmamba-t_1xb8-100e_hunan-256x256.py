# MCF-Mamba on Sentinel-2 and elevation of Hunan, the two sensors that its
# authors used there.
_base_ = [
    '../_base_/models/mcf-mamba_vmamba-t.py',
    '../_base_/datasets/hunan.py',
    '../_base_/schedules/mcf-mamba_100e.py',
    '../_base_/default_runtime.py',
]
encoder = _base_.model.backbone.branches.opt
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(branches=dict(_delete_=True, opt=encoder, dem=encoder)),
)
# No batch norm: the last, smaller batch counts too.
train_dataloader = dict(drop_last=False)
default_hooks = dict(checkpoint=dict(save_best='OA', rule='greater'))
