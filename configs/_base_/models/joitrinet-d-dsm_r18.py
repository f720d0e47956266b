# JoiTriNet-d with ResNet-18 for optical images and a surface model.
_base_ = './joitrinet-d_r18.py'

encoder = _base_.model.backbone.branches.opt
decoder = _base_.model.backbone.necks.opt
head = _base_.model.modality_heads.opt
model = dict(
    backbone=dict(
        branches=dict(_delete_=True, opt=encoder, dsm=encoder),
        necks=dict(_delete_=True, opt=decoder, dsm=decoder),
    ),
    modality_heads=dict(_delete_=True, opt=head, dsm=head),
)
