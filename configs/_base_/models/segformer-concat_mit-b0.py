# Middle fusion by concatenation and a 1x1 convolution.
_base_ = './segformer-sum_mit-b0.py'

model = dict(
    neck=dict(type='ConcatFusionNeck', in_channels=(32, 64, 160, 256))
)
