# MRSDC (Xu et al., TGRS 2018) for segmentation: SAR takes the branch of the
# hyperspectral image, optical that of the visible one. Both stay at stride 2
# and see few pixels.
model = dict(
    type='MultiModalEncoderDecoder',
    backbone=dict(
        type='ParallelBackbones',
        branches=dict(
            opt=dict(type='CascadeBranch'),
            sar=dict(type='TwoTunnelBranch'),
        ),
    ),
    neck=dict(type='MRSDCNeck', in_channels=dict(opt=128, sar=640)),
    decode_head=dict(
        type='ConvHead',
        kernel_size=1,
        in_channels=128,
        in_index=0,
        align_corners=False,
        loss_decode=dict(type='LandCoverCrossEntropyLoss'),
    ),
    test_cfg=dict(mode='whole'),
)
