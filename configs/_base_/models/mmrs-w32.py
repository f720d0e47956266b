# MMRS with half the channels, for processors without a GPU.
_base_ = './mmrs.py'

encoder = dict(width=32)
model = dict(
    backbone=dict(branches=dict(hsi=encoder, lidar=encoder)),
    neck=dict(channels=64),
    decode_head=dict(in_channels=3 * 64),
)
