# JoiTriNet-d on three modalities, SAR also before the flood: an encoder,
# a decoder and a head more for each further modality.
_base_ = [
    '../_base_/models/joitrinet-d_r18.py',
    '../_base_/datasets/ombria_sar_before.py',
    '../_base_/schedules/adamw_8e.py',
    '../_base_/default_runtime.py',
]
encoder = _base_.model.backbone.branches.sar
decoder = _base_.model.backbone.necks.sar
head = _base_.model.modality_heads.sar
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(
        branches=dict(sar_before=encoder),
        necks=dict(sar_before=decoder),
    ),
    modality_heads=dict(sar_before=head),
)
