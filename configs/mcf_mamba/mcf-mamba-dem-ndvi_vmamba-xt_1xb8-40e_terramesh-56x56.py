# MCF-Mamba on four modalities, from a few small patches: a recipe to try,
# not an experiment. The commands stand in configs/df2rq/README.md.
_base_ = [
    '../_base_/models/mcf-mamba-dem_vmamba-xt.py',
    '../_base_/datasets/terramesh.py',
    '../_base_/schedules/adamw_40e.py',
    '../_base_/default_runtime.py',
]
branch = _base_.model.backbone.branches.dem
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(branches=dict(ndvi=branch)),
)
