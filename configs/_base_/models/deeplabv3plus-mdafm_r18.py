# Two ResNet-18 from scratch, MDAFM on the stride-4 and stride-16 maps, one
# DeepLabV3+ head: JoiTriNet-e without its modality heads.
_base_ = './deeplabv3plus_r18.py'

branch = _base_.model.backbone.branches.opt
model = dict(
    backbone=dict(branches=dict(sar=branch)),
    neck=dict(
        type='MDAFMNeck',
        channels=(64, 512),
        in_index=(0, 3),
    ),
    decode_head=dict(in_index=(0, 1)),
)
