# Middle fusion by addition: two encoders, their maps added, one head.
_base_ = './deeplabv3plus_r101.py'

branch = _base_.model.backbone.branches.opt
model = dict(
    backbone=dict(branches=dict(sar=branch)),
    neck=dict(type='SumFusionNeck', in_index=(0, 3)),
    decode_head=dict(in_index=(0, 1)),
)
