# One branch and the DeepLabV3+ head: exactly a modality path of JoiTriNet.
# The single-modality baseline; early concatenation swaps the backbone.
resnet101 = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
model = dict(
    type='MultiModalEncoderDecoder',
    backbone=dict(
        type='ParallelBackbones',
        branches=dict(
            opt=dict(
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
        ),
    ),
    decode_head=dict(
        type='DeepLabV3PlusHead',
        in_channels=(256, 2048),
        in_index=(0, 3),
        loss_decode=dict(type='LandCoverCrossEntropyLoss'),
    ),
    test_cfg=dict(mode='whole'),
)
