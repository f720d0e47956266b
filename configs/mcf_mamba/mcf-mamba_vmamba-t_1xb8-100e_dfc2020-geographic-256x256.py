_base_ = [
    '../_base_/models/mcf-mamba_vmamba-t.py',
    '../_base_/datasets/dfc2020_rgbn_geographic.py',
    '../_base_/schedules/mcf-mamba_100e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
# No batch norm: the last, smaller batch counts too.
train_dataloader = dict(drop_last=False)
default_hooks = dict(checkpoint=dict(save_best='OA', rule='greater'))
