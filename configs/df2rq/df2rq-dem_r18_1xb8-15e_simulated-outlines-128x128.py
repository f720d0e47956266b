# Three modalities: elevation has an encoder of its own.
_base_ = [
    '../_base_/models/df2rq_r18.py',
    '../_base_/datasets/simulated_outlines_dem.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
branch = _base_.model.backbone.branches.opt
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(branches=dict(dem=branch)),
)
