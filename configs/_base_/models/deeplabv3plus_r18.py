# DeepLabV3+ with ResNet-18 from scratch and half the decoder width.
_base_ = './deeplabv3plus_r101.py'

model = dict(
    backbone=dict(branches=dict(opt=dict(depth=18, init_cfg=None))),
    decode_head=dict(in_channels=(64, 512), decoder=dict(channels=128)),
)
