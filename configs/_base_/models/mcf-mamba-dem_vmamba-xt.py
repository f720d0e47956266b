# MCF-Mamba for optical, SAR and elevation: an encoder for each, twelve scans
# in each fusion. Half of the width of mcf-mamba_vmamba-xt.py.
_base_ = './mcf-mamba_vmamba-xt.py'

branch = _base_.model.backbone.branches.sar
encoder = {**branch, 'arch': {**branch.arch, 'base_channels': 16}}
channels = (16, 32, 64, 128)
model = dict(
    backbone=dict(branches=dict(opt=encoder, sar=encoder, dem=encoder)),
    neck=dict(channels=channels),
    decode_head=dict(in_channels=channels),
)
