# CMNeXt with MiT-B0 from scratch, for small data and processors without a GPU.
_base_ = './cmnext_mit-b2.py'

model = dict(
    backbone=dict(arch='b0', init_cfg=None),
    decode_head=dict(in_channels=(32, 64, 160, 256), channels=256),
)
