# window-stack.py with a quarter of the channels.
_base_ = './window-stack.py'

model = dict(
    backbone=dict(backbone=dict(width=16)), decode_head=dict(in_channels=32)
)
