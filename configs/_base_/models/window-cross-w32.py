# window-cross.py with half the channels.
_base_ = './window-cross.py'

encoder = dict(width=32)
model = dict(
    backbone=dict(branches=dict(hsi=encoder, lidar=encoder)),
    neck=dict(channels=64),
    decode_head=dict(in_channels=128),
)
