# MRSDC with a quarter of its channels, for small data and processors without a
# GPU: at the full width it is ten times as slow as the other small networks.
_base_ = './mrsdc.py'

branch = dict(divisor=4)
model = dict(
    backbone=dict(branches=dict(opt=branch, sar=branch)),
    neck=dict(in_channels=dict(opt=32, sar=160), channels=32),
    decode_head=dict(in_channels=32),
)
