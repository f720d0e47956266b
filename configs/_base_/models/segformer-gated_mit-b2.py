# Middle fusion by gates.
_base_ = './segformer-sum_mit-b2.py'

model = dict(
    neck=dict(type='GatedFusionNeck', in_channels=(64, 128, 320, 512))
)
