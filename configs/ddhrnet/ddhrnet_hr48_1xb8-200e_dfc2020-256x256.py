# HRNet of width 48, which mmseg publishes with the weights of ImageNet.
_base_ = './ddhrnet_hr64_1xb8-200e_dfc2020-256x256.py'

width = 48
hrnet = 'open-mmlab://msra/hrnetv2_w48'
model = dict(
    backbone=dict(
        stream=dict(
            width=width,
            init_cfg=dict(type='Pretrained', checkpoint=hrnet),
        ),
    ),
    decode_head=dict(
        in_channels=(width, 2 * width, 4 * width, 8 * width),
    ),
)
