# JoiTriNet-e: fusion at encoding level. MDAFM on the stride-4 and stride-16
# maps of the two encoders, a third decoder for the fused maps.
_base_ = './joitrinet-d_r101.py'

head = dict(
    _delete_=True,
    type='DeepLabV3PlusHead',
    in_channels=(256, 2048),
    in_index=(0, 3),
    loss_decode=dict(type='LandCoverCrossEntropyLoss'),
)
model = dict(
    backbone=dict(necks=None),
    neck=dict(channels=(256, 2048), in_index=(0, 3)),
    decode_head=dict(**head | dict(in_index=(0, 1))),
    modality_heads=dict(opt=head, sar=head),
)
