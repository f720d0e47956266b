# window-hsi.py with half the channels.
_base_ = './window-hsi.py'

model = dict(
    backbone=dict(branches=dict(hsi=dict(width=32))),
    decode_head=dict(in_channels=64),
)
