# JoiTriNet-e with ResNet-18 from scratch and half the decoder width.
_base_ = './joitrinet-e_r101.py'

encoder = dict(depth=18, init_cfg=None)
head = dict(in_channels=(64, 512), decoder=dict(channels=128))
model = dict(
    backbone=dict(branches=dict(opt=encoder, sar=encoder)),
    neck=dict(channels=(64, 512)),
    decode_head=head,
    modality_heads=dict(opt=head, sar=head),
)
