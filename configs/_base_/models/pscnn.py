# PSCNN (Hughes et al., GRSL 2018) for segmentation: streams of eight
# convolutions at stride 8 that share no weights, concatenation, one layer of
# 512, no decoder.
leg = dict(type='PSCNNLeg')
model = dict(
    type='MultiModalEncoderDecoder',
    backbone=dict(type='ParallelBackbones', branches=dict(opt=leg, sar=leg)),
    neck=dict(type='PSCNNNeck'),
    decode_head=dict(
        type='ConvHead',
        kernel_size=1,
        in_channels=512,
        in_index=0,
        align_corners=False,
        loss_decode=dict(type='LandCoverCrossEntropyLoss'),
    ),
    test_cfg=dict(mode='whole'),
)
