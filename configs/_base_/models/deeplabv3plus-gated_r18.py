# Middle fusion by gates.
_base_ = './deeplabv3plus-sum_r18.py'

model = dict(neck=dict(type='GatedFusionNeck', in_channels=(64, 512)))
