# MCANet with ResNet-18 from scratch and half the decoder width, for small data
# and processors without a GPU.
_base_ = './mcanet_r101.py'

encoder = dict(depth=18, init_cfg=None)
model = dict(
    backbone=dict(branches=dict(opt=encoder, sar=encoder)),
    neck=dict(in_channels=(64, 512), narrowed=(64, 128)),
    # 3 x 64, and 2 x 128 + 512.
    decode_head=dict(in_channels=(192, 768), channels=128),
)
