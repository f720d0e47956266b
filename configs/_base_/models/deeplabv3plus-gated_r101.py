# Middle fusion by gates.
_base_ = './deeplabv3plus-sum_r101.py'

model = dict(neck=dict(type='GatedFusionNeck', in_channels=(256, 2048)))
