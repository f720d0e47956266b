# V-FuseNet (Audebert et al., ISPRS J. 2018): VGG-16 for each modality, a
# virtual encoder between them, SegNet's decoder. The optical encoder begins
# with the weights of ImageNet.
vgg16 = 'https://download.pytorch.org/models/vgg16_bn-6c64b313.pth'
model = dict(
    type='MultiModalEncoderDecoder',
    backbone=dict(
        type='ParallelBackbones',
        branches=dict(
            opt=dict(
                type='VGGEncoder',
                init_cfg=dict(type='Pretrained', checkpoint=vgg16),
            ),
            sar=dict(type='VGGEncoder'),
        ),
    ),
    neck=dict(type='VFuseNetNeck'),
    decode_head=dict(
        type='ConvHead',
        in_channels=64,
        in_index=0,
        align_corners=False,
        loss_decode=dict(type='LandCoverCrossEntropyLoss'),
    ),
    test_cfg=dict(mode='whole'),
)
