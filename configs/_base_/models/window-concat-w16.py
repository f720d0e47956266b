# window-concat.py with a quarter of the channels.
_base_ = './window-concat.py'

encoder = dict(width=16)
model = dict(
    backbone=dict(branches=dict(hsi=encoder, lidar=encoder)),
    decode_head=dict(in_channels=64),
)
