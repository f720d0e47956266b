# Middle fusion by addition: two encoders, their maps added, one head.
_base_ = './segformer_mit-b2.py'

branch = _base_.model.backbone.branches.opt
model = dict(
    backbone=dict(branches=dict(sar=branch)),
    neck=dict(type='SumFusionNeck', in_index=(0, 1, 2, 3)),
)
