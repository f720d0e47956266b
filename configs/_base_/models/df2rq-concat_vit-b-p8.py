# The framework that DF2RQ's authors have published, with the config they call
# queryfuse: stems of 32 channels, one ViT-B with patches of 8 pixels for all
# modalities, fusion by concatenation, UPerHead. The loss is the mean over all
# pixels, also over those without a label, as theirs. Batch norm: theirs is
# synchronised over the GPUs, see sync_bn of the configs.
norm_cfg = dict(type='BN', requires_grad=True)
channels = 768
loss = dict(type='CrossEntropyLoss', use_sigmoid=False, avg_non_ignore=False)
model = dict(
    type='MultiModalEncoderDecoder',
    backbone=dict(
        type='StemmedBackbones',
        stem_channels=(32, 32),
        share_weights=True,
        encoder=dict(
            type='VisionTransformer',
            img_size=(512, 512),
            patch_size=8,
            embed_dims=channels,
            num_layers=12,
            num_heads=12,
            mlp_ratio=4,
            out_indices=(2, 5, 8, 11),
            qkv_bias=True,
            norm_cfg=dict(type='LN', eps=1e-6),
            act_cfg=dict(type='GELU'),
            interpolate_mode='bicubic',
        ),
    ),
    neck=[
        dict(type='ConcatMLPNeck', in_channels=(channels,) * 4),
        dict(
            type='Feature2Pyramid',
            embed_dim=channels,
            rescales=[4, 2, 1, 0.5],
            norm_cfg=norm_cfg,
        ),
    ],
    decode_head=dict(
        type='UPerHead',
        in_channels=[channels] * 4,
        in_index=[0, 1, 2, 3],
        pool_scales=(1, 2, 3, 6),
        channels=channels,
        dropout_ratio=0.1,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(**loss, loss_weight=1.0),
    ),
    auxiliary_head=dict(
        type='FCNHead',
        in_channels=channels,
        in_index=2,
        channels=256,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.1,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(**loss, loss_weight=0.4),
    ),
    test_cfg=dict(mode='whole'),
)
