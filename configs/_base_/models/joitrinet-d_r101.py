# JoiTriNet-d: fusion at decoding level. Two ResNet-101 with the DeepLabV3+
# decoder, MDAFM on the two decoder maps, three heads (joint learning).
# Bands and classes come from the declaration of the data.
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
decoder = dict(type='DeepLabV3PlusDecoder', in_channels=(256, 2048))
head = dict(
    type='ConvHead',
    in_channels=256,
    in_index=0,
    loss_decode=dict(type='LandCoverCrossEntropyLoss'),
)
model = dict(
    type='MultiModalEncoderDecoder',
    backbone=dict(
        type='ParallelBackbones',
        branches=dict(opt=encoder, sar=encoder),
        necks=dict(opt=decoder, sar=decoder),
    ),
    neck=dict(
        type='MDAFMNeck',
        channels=(256,),
        in_index=(0,),
    ),
    decode_head=head,
    modality_heads=dict(opt=head, sar=head),
    test_cfg=dict(mode='whole'),
)
