# Early concatenation: all sensors as the bands of one window.
model = dict(
    type='PixelWindowClassifier',
    window=11,
    backbone=dict(type='StackedBackbone', backbone=dict(type='WindowEncoder')),
    decode_head=dict(type='WindowHead', in_channels=128),
    test_cfg=dict(mode='whole', labelled_only=True),
)
