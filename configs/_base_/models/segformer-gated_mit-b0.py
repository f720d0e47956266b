# Middle fusion by gates.
_base_ = './segformer-sum_mit-b0.py'

model = dict(neck=dict(type='GatedFusionNeck', in_channels=(32, 64, 160, 256)))
