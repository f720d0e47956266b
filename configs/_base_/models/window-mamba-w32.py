# window-mamba.py with half the channels.
_base_ = './window-mamba.py'

model = dict(
    backbone=dict(branches=dict(lidar=dict(width=32))),
    decode_head=dict(in_channels=64 + 64),
)
