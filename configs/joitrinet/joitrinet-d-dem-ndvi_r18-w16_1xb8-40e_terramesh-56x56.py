# JoiTriNet-d on four modalities, from a few small patches: a recipe to try,
# not an experiment. The commands stand in configs/df2rq/README.md.
_base_ = [
    '../_base_/models/joitrinet-d-dem_r18-w16.py',
    '../_base_/datasets/terramesh.py',
    '../_base_/schedules/adamw_40e.py',
    '../_base_/default_runtime.py',
]
backbone = _base_.model.backbone
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(
        branches=dict(ndvi=backbone.branches.dem),
        necks=dict(ndvi=backbone.necks.dem),
    ),
    modality_heads=dict(ndvi=_base_.model.modality_heads.dem),
)
