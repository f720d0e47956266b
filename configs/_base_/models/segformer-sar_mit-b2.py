# The SAR branch alone.
_base_ = './segformer_mit-b2.py'

branch = _base_.model.backbone.branches.opt
model = dict(
    backbone=dict(branches=dict(_delete_=True, sar=branch)),
)
