# REF-Net: a ResNet-50 per modality with the stem's map as the first of five
# levels, MDF and MSIE decoders, three heads. Bands and classes come from
# the declaration of the data. Stem: as the authors up to three bands; from
# four on they lose the pretrained stem (stem='reset'), here it is kept.
resnet50 = 'https://download.pytorch.org/models/resnet50-19c8e357.pth'
encoder = dict(
    type='StemResNet',
    depth=50,
    style='pytorch',
    norm_cfg=dict(type='BN'),
    norm_eval=False,
    init_cfg=dict(type='Pretrained', checkpoint=resnet50),
)
head = dict(
    type='ConvHead',
    kernel_size=1,
    in_channels=128,
    in_index=0,
    align_corners=True,
    loss_decode=dict(type='LandCoverCrossEntropyLoss'),
    init_cfg=dict(
        type='Xavier', layer='Conv2d', distribution='uniform', bias=0
    ),
)
modality_head = dict(
    head, loss_decode=dict(head['loss_decode'], loss_weight=0.005)
)
model = dict(
    type='MultiModalEncoderDecoder',
    backbone=dict(
        type='ParallelBackbones', branches=dict(opt=encoder, sar=encoder)
    ),
    neck=dict(
        type='MDFNeck',
        in_channels=(64, 256, 512, 1024, 2048),
        channels=128,
        fusion=dict(type='MDFVSSBlock'),
    ),
    decode_head=head,
    modality_heads=dict(opt=modality_head, sar=modality_head),
    test_cfg=dict(mode='whole'),
)
