# MMRS with a quarter of the channels, for processors without a GPU.
_base_ = './mmrs.py'

encoder = dict(width=16)
model = dict(
    backbone=dict(branches=dict(hsi=encoder, lidar=encoder)),
    neck=dict(channels=32),
    decode_head=dict(in_channels=3 * 32),
)
