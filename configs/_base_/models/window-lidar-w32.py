# window-lidar.py with half the channels.
_base_ = './window-lidar.py'

model = dict(
    backbone=dict(branches=dict(lidar=dict(width=32))),
    decode_head=dict(in_channels=64),
)
