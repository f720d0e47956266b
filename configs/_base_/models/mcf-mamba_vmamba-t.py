# MCF-Mamba: a VMamba-T (v0) per modality, cross scan fusion of every level, a
# U-shaped decoder of VSS blocks. Bands and classes come from the declaration
# of the data.
vmamba_tiny = 'https://github.com/MzeroMiko/VMamba/releases/download/%23v0cls/vssmtiny_dp01_ckpt_epoch_292.pth'  # noqa: E501
encoder = dict(
    type='VMamba',
    arch='tiny-v0',
    init_cfg=dict(type='Pretrained', checkpoint=vmamba_tiny, stem='extend'),
)
channels = (96, 192, 384, 768)
model = dict(
    type='MultiModalEncoderDecoder',
    backbone=dict(
        type='ParallelBackbones', branches=dict(opt=encoder, sar=encoder)
    ),
    neck=dict(type='MCMFNeck', channels=channels),
    decode_head=dict(
        type='UMambaHead',
        in_channels=channels,
        loss_decode=[
            dict(type='LandCoverCrossEntropyLoss'),
            dict(type='BatchDiceLoss'),
        ],
    ),
    test_cfg=dict(mode='whole'),
)
