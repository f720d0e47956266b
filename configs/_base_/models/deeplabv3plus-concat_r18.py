# Middle fusion by concatenation and a 1x1 convolution.
_base_ = './deeplabv3plus-sum_r18.py'

model = dict(neck=dict(type='ConcatFusionNeck', in_channels=(64, 512)))
