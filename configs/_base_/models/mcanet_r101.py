# MCANet (Li et al., JAG 2022): two ResNet-101, cross-attention between them on
# the stride-4 and stride-16 maps, a DeepLabV3+ decoder with full convolutions.
resnet101 = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
encoder = dict(
    type='ResNet',
    depth=101,
    strides=(1, 2, 2, 1),
    dilations=(1, 1, 1, 2),
    contract_dilation=False,
    style='pytorch',
    norm_cfg=dict(type='BN'),
    norm_eval=False,
    init_cfg=dict(type='Pretrained', checkpoint=resnet101),
)
model = dict(
    type='MultiModalEncoderDecoder',
    backbone=dict(
        type='ParallelBackbones', branches=dict(opt=encoder, sar=encoder)
    ),
    neck=dict(
        type='MCANetNeck',
        in_channels=(256, 2048),
        in_index=(0, 3),
        narrowed=(256, 256),
    ),
    # Both modalities and the joint map: 3 x 256, and 2 x 256 + 2048.
    decode_head=dict(
        type='MCANetHead',
        in_channels=(768, 2560),
        in_index=(0, 1),
        loss_decode=dict(type='LandCoverCrossEntropyLoss'),
    ),
    test_cfg=dict(mode='whole'),
)
