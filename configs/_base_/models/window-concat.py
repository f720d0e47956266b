# Two encoders of windows, as MMRS has them, and a linear classifier of both:
# what MMRS is without any of its parts.
encoder = dict(type='WindowEncoder')
model = dict(
    type='PixelWindowClassifier',
    window=11,
    backbone=dict(
        type='ParallelBackbones', branches=dict(hsi=encoder, lidar=encoder)
    ),
    neck=dict(type='MeanConcatNeck'),
    decode_head=dict(type='WindowHead', in_channels=256),
    test_cfg=dict(mode='whole', labelled_only=True),
)
