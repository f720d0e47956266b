# Region-wise queries, our reconstruction of DF2RQ from its abstract: two
# ResNet-18 from scratch, fusion of the stride-4 and stride-16 maps, one
# DeepLabV3+ head. Regions are squares of 16 pixels on both levels.
_base_ = './deeplabv3plus_r18.py'

branch = _base_.model.backbone.branches.opt
model = dict(
    backbone=dict(branches=dict(sar=branch)),
    neck=dict(
        type='RegionQueryNeck',
        in_channels=(64, 512),
        in_index=(0, 3),
        channels=64,
        region_sizes=(4, 1),
        points=4,
    ),
    decode_head=dict(in_index=(0, 1)),
)
