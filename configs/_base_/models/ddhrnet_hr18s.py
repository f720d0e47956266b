# DDHRNet with HRNet-W18-Small, for small data and processors without a GPU.
_base_ = './ddhrnet_hr64.py'

model = dict(
    backbone=dict(stream=dict(width=18, modules=(1, 3, 2), blocks=2)),
    decode_head=dict(in_channels=(18, 36, 72, 144)),
)
