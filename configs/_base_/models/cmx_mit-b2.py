# CMX: two MiT-B2 that rectify each other after every stage, fused maps, the
# head of SegFormer. Bands and classes come from the declaration of the data.
mit_b2 = 'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/mit_b2_20220624-66e8bf70.pth'  # noqa: E501
model = dict(
    type='MultiModalEncoderDecoder',
    backbone=dict(
        type='CMX',
        arch='b2',
        init_cfg=dict(type='Pretrained', checkpoint=mit_b2),
    ),
    decode_head=dict(
        type='AllMLPHead',
        in_channels=(64, 128, 320, 512),
        channels=512,
        fuse_bias=True,
        loss_decode=dict(type='LandCoverCrossEntropyLoss'),
    ),
    test_cfg=dict(mode='whole'),
)
