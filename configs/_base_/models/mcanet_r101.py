# MCANet (Li et al., JAG 2022): two ResNet-101, cross-attention between them on
# the stride-4 and stride-16 maps, a DeepLabV3+ decoder with full convolutions.
_base_ = './deeplabv3plus_r101.py'

encoder = _base_.model.backbone.branches.opt
model = dict(
    backbone=dict(branches=dict(sar=encoder)),
    neck=dict(
        type='MCANetNeck',
        in_channels=(256, 2048),
        in_index=(0, 3),
        narrowed=(256, 256),
    ),
    # Both modalities and the joint map: 3 x 256, and 2 x 256 + 2048.
    decode_head=dict(
        type='MCANetHead', in_channels=(768, 2560), in_index=(0, 1)
    ),
)
