# As df2rq_r18.py with a quarter of its width, in encoders, fusion and decoder:
# cheap enough for many seeds on one processor core.
_base_ = './df2rq_r18.py'

width = 16
channels = (width, 8 * width)
encoder = dict(stem_channels=width, base_channels=width)
model = dict(
    backbone=dict(branches=dict(opt=encoder, sar=encoder)),
    neck=dict(in_channels=channels, channels=32),
    decode_head=dict(in_channels=channels, decoder=dict(channels=32)),
)
