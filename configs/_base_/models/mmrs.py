# MMRS, our reconstruction: an encoder of windows for each sensor, a generator
# and a discriminator of joint vectors, attention and a graph over the cells
# of a window, a linear classifier. Widths by configs/mmrs/README.md.
encoder = dict(type='WindowEncoder')
model = dict(
    type='MMRSClassifier',
    window=11,
    adversarial=True,
    backbone=dict(
        type='ParallelBackbones', branches=dict(hsi=encoder, lidar=encoder)
    ),
    neck=dict(type='MMRSNeck', channels=128),
    decode_head=dict(type='WindowHead', in_channels=384),
    test_cfg=dict(mode='whole', labelled_only=True),
)
