# window-cross.py with a quarter of the channels.
_base_ = './window-cross.py'

encoder = dict(width=16)
model = dict(
    backbone=dict(branches=dict(hsi=encoder, lidar=encoder)),
    neck=dict(channels=32),
    decode_head=dict(in_channels=64),
)
