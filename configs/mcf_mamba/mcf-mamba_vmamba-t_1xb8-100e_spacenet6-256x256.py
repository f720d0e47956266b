# MCF-Mamba on SpaceNet 6 (MSAW). Its authors used these data, but published
# neither their crops nor their split; whole tiles are tested in windows of the
# size of the crops.
_base_ = [
    '../_base_/models/mcf-mamba_vmamba-t.py',
    '../_base_/datasets/spacenet6.py',
    '../_base_/schedules/mcf-mamba_100e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    test_cfg=dict(mode='slide', crop_size=_base_.crop_size, stride=(215, 215)),
)
# No batch norm: the last, smaller batch counts too.
train_dataloader = dict(drop_last=False)
default_hooks = dict(checkpoint=dict(save_best='OA', rule='greater'))
