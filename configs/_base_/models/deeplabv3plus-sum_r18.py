# Middle fusion by addition, with the small network.
_base_ = './deeplabv3plus_r18.py'

branch = _base_.model.backbone.branches.opt
model = dict(
    backbone=dict(branches=dict(sar=branch)),
    neck=dict(type='SumFusionNeck', in_index=(0, 3)),
    decode_head=dict(in_index=(0, 1)),
)
