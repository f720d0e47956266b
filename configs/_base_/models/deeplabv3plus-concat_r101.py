# Middle fusion by concatenation and a 1x1 convolution.
_base_ = './deeplabv3plus-sum_r101.py'

model = dict(neck=dict(type='ConcatFusionNeck', in_channels=(256, 2048)))
