# Middle fusion by concatenation and a 1x1 convolution.
_base_ = './segformer-sum_mit-b2.py'

model = dict(
    neck=dict(type='ConcatFusionNeck', in_channels=(64, 128, 320, 512))
)
