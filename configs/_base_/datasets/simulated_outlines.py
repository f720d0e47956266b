# Simulated data on which SAR shows objects elsewhere, larger and leaning, and
# each sensor confuses other classes (one line):
#   python data_prep/simulate.py data/simulated_outlines --size 128
#     --patches 640 --displacement 6 --dilation 2 --layover 3
#     --separability 0.3 --dem
_base_ = './simulated.py'

data_root = 'data/simulated_outlines'
# The SAR sensor looks from the left: towns lean to the left, and their shadow
# falls to the right. Turned by a quarter, or with left and right exchanged, a
# tile would show another sensor; upside down it shows the same.
train_pipeline = [
    *_base_.load,
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='PackMultiModalInputs'),
]
tta_pipeline = [
    *_base_.load,
    dict(
        type='TestTimeAug',
        transforms=[
            [_base_.flips[0], _base_.flips[2]],  # as it is, and upside down
            [dict(type='PackMultiModalInputs')],
        ],
    ),
]
train_dataloader = dict(
    dataset=dict(data_root=data_root, pipeline=train_pipeline)
)
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
# Outlines are what the experiment is about.
test_evaluator = [
    dict(type='LandCoverMetric'),
    dict(type='BoundaryMetric', width=3),
]
