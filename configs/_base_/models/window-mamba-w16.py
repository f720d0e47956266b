# window-mamba.py with a quarter of the channels.
_base_ = './window-mamba.py'

model = dict(
    backbone=dict(branches=dict(lidar=dict(width=16))),
    decode_head=dict(in_channels=64 + 32),
)
