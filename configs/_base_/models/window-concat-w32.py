# window-concat.py with half the channels.
_base_ = './window-concat.py'

encoder = dict(width=32)
model = dict(
    backbone=dict(branches=dict(hsi=encoder, lidar=encoder)),
    decode_head=dict(in_channels=128),
)
