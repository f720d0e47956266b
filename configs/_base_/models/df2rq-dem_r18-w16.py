# Region-wise queries for optical, SAR and elevation: an encoder for each,
# ResNet-18 with a quarter of its width, for processors without a GPU.
_base_ = './df2rq_r18.py'

width = 16
encoder = {
    **_base_.model.backbone.branches.opt,
    'stem_channels': width,
    'base_channels': width,
}
channels = (width, 8 * width)
model = dict(
    backbone=dict(branches=dict(opt=encoder, sar=encoder, dem=encoder)),
    neck=dict(in_channels=channels),
    decode_head=dict(in_channels=channels),
)
