# Region-wise queries on four modalities, from a few small patches: a recipe to
# try, not an experiment.
_base_ = [
    '../_base_/models/df2rq-dem_r18-w16.py',
    '../_base_/datasets/terramesh.py',
    '../_base_/schedules/adamw_40e.py',
    '../_base_/default_runtime.py',
]
branch = _base_.model.backbone.branches.dem
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(branches=dict(ndvi=branch)),
)
