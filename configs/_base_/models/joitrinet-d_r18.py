# JoiTriNet-d with ResNet-18 from scratch and half the decoder width, for
# small data and processors without a GPU.
_base_ = './joitrinet-d_r101.py'

encoder = dict(depth=18, init_cfg=None)
decoder = dict(in_channels=(64, 512), channels=128)
head = dict(in_channels=128)
model = dict(
    backbone=dict(
        branches=dict(opt=encoder, sar=encoder),
        necks=dict(opt=decoder, sar=decoder),
    ),
    neck=dict(channels=(128,)),
    decode_head=head,
    modality_heads=dict(opt=head, sar=head),
)
