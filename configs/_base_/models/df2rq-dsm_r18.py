# Region-wise queries for aerial images and a surface model.
_base_ = './df2rq_r18.py'

branch = _base_.model.backbone.branches.sar
model = dict(
    backbone=dict(branches=dict(_delete_=True, opt=branch, dsm=branch))
)
