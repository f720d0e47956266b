# REF-Net with ResNet-18 from scratch and a quarter of the decoder's width, for
# small data and processors without a GPU.
_base_ = './ref-net_r50.py'

encoder = dict(depth=18, init_cfg=None)
channels = 32
head = dict(in_channels=channels)
model = dict(
    backbone=dict(branches=dict(opt=encoder, sar=encoder)),
    neck=dict(in_channels=(64, 64, 128, 256, 512), channels=channels),
    decode_head=head,
    modality_heads=dict(opt=head, sar=head),
)
