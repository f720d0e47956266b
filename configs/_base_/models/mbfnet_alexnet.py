# MBFNet (Li et al., JSTARS 2020) for segmentation: an AlexNet for each
# modality at stride 16, second-order attention that weighs channels, bilinear
# pooling at every cell, no decoder. Channels are mixed down, not selected by
# weight, with which nothing was learnt (configs/mbfnet/README.md).
alexnet = 'https://download.pytorch.org/models/alexnet-owt-7be5be79.pth'
encoder = dict(
    type='AlexNet', init_cfg=dict(type='Pretrained', checkpoint=alexnet)
)
model = dict(
    type='MultiModalEncoderDecoder',
    backbone=dict(
        type='ParallelBackbones', branches=dict(opt=encoder, sar=encoder)
    ),
    neck=dict(type='BilinearFusionNeck', select='projection'),
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
