# window-hsi.py with a quarter of the channels.
_base_ = './window-hsi.py'

model = dict(
    backbone=dict(branches=dict(hsi=dict(width=16))),
    decode_head=dict(in_channels=32),
)
