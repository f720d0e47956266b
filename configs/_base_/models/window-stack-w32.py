# window-stack.py with half the channels.
_base_ = './window-stack.py'

model = dict(
    backbone=dict(backbone=dict(width=32)), decode_head=dict(in_channels=64)
)
