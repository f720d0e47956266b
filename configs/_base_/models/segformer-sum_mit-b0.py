# Middle fusion by addition, with the small network.
_base_ = './segformer_mit-b0.py'

branch = _base_.model.backbone.branches.opt
model = dict(
    backbone=dict(branches=dict(sar=branch)),
    neck=dict(type='SumFusionNeck', in_index=(0, 1, 2, 3)),
)
