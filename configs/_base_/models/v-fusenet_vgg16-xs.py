# V-FuseNet with a quarter of the width, from scratch, for small data and
# processors without a GPU.
_base_ = './v-fusenet_vgg16.py'

widths = (16, 32, 64, 128, 128)
encoder = dict(channels=widths, init_cfg=None)
model = dict(
    backbone=dict(branches=dict(opt=encoder, sar=encoder)),
    neck=dict(channels=widths),
    decode_head=dict(in_channels=widths[0]),
)
