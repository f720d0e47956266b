# JoiTriNet-d for optical, SAR and elevation: an encoder, a decoder and a head
# for each. ResNet-18 with a quarter of its width, for processors without a
# GPU.
_base_ = './joitrinet-d_r18.py'

width = 16
encoder = {
    **_base_.model.backbone.branches.opt,
    'stem_channels': width,
    'base_channels': width,
}
decoder = {
    **_base_.model.backbone.necks.opt,
    'in_channels': (width, 8 * width),
}
model = dict(
    backbone=dict(
        branches=dict(opt=encoder, sar=encoder, dem=encoder),
        necks=dict(opt=decoder, sar=decoder, dem=decoder),
    ),
    modality_heads=dict(dem=_base_.model.modality_heads.opt),
)
