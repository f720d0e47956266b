# window-lidar.py with a quarter of the channels.
_base_ = './window-lidar.py'

model = dict(
    backbone=dict(branches=dict(lidar=dict(width=16))),
    decode_head=dict(in_channels=32),
)
