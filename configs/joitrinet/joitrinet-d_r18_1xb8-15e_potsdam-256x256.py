# JoiTriNet-d on aerial images and a surface model; the recipe is ours, the
# paper has no such data.
_base_ = [
    '../_base_/models/joitrinet-d_r18.py',
    '../_base_/datasets/potsdam.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
encoder = _base_.model.backbone.branches.opt
decoder = _base_.model.backbone.necks.opt
head = _base_.model.modality_heads.opt
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(
        branches=dict(_delete_=True, opt=encoder, dsm=encoder),
        necks=dict(_delete_=True, opt=decoder, dsm=decoder),
    ),
    modality_heads=dict(_delete_=True, opt=head, dsm=head),
)
