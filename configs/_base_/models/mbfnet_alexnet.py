# MBFNet (Li et al., JSTARS 2020) for segmentation: an AlexNet for each
# modality at stride 16, second-order attention that selects channels, bilinear
# pooling at every cell, no decoder.
alexnet = 'https://download.pytorch.org/models/alexnet-owt-7be5be79.pth'
encoder = dict(
    type='AlexNet', init_cfg=dict(type='Pretrained', checkpoint=alexnet)
)
model = dict(
    type='MultiModalEncoderDecoder',
    backbone=dict(
        type='ParallelBackbones', branches=dict(opt=encoder, sar=encoder)
    ),
    neck=dict(type='BilinearFusionNeck'),
    decode_head=dict(
        type='ConvHead',
        kernel_size=1,
        in_channels=256,
        in_index=0,
        dropout_ratio=0.1,
        align_corners=False,
        loss_decode=dict(type='LandCoverCrossEntropyLoss'),
    ),
    test_cfg=dict(mode='whole'),
)
