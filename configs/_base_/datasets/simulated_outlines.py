# Simulated data on which SAR shows objects elsewhere, larger and leaning, and
# each sensor confuses other classes (one line):
#   python data_prep/simulate.py data/simulated_outlines --size 128
#     --patches 320 --displacement 6 --dilation 2 --layover 3
#     --separability 0.3 --dem
_base_ = './simulated.py'

data_root = 'data/simulated_outlines'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
# Outlines are what the experiment is about.
test_evaluator = [
    dict(type='LandCoverMetric'),
    dict(type='BoundaryMetric', width=3),
]
