# DDHRNet (Ren et al., JAG 2022): an HRNet of width 64 for each modality, from
# scratch; after the stages 2, 3 and 4 the optical one is updated from both.
width = 64
model = dict(
    type='MultiModalEncoderDecoder',
    backbone=dict(
        type='DDHRNet',
        stream=dict(type='AlignedHRNet', width=width),
    ),
    decode_head=dict(
        type='DDHRNetHead',
        in_channels=(width, 2 * width, 4 * width, 8 * width),
        loss_decode=dict(type='LandCoverCrossEntropyLoss'),
    ),
    test_cfg=dict(mode='whole'),
)
