# SegFormer with MiT-B2, one branch: the baseline of one modality with a
# transformer. The encoder is mmseg's, the head that of CMX and CMNeXt.
mit_b2 = 'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/mit_b2_20220624-66e8bf70.pth'  # noqa: E501
model = dict(
    type='MultiModalEncoderDecoder',
    backbone=dict(
        type='ParallelBackbones',
        branches=dict(
            opt=dict(
                type='MixVisionTransformer',
                embed_dims=64,
                num_layers=[3, 4, 6, 3],
                num_heads=[1, 2, 5, 8],
                drop_path_rate=0.1,
                init_cfg=dict(type='Pretrained', checkpoint=mit_b2),
            )
        ),
    ),
    decode_head=dict(
        type='AllMLPHead',
        in_channels=(64, 128, 320, 512),
        channels=512,
        loss_decode=dict(type='LandCoverCrossEntropyLoss'),
    ),
    test_cfg=dict(mode='whole'),
)
