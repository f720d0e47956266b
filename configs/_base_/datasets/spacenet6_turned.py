# SpaceNet 6 as the organisers' baseline sees it: strips imaged from the south
# are turned by 180 degrees, so that buildings lean one way in all of them, and
# training flips from left to right only. Maps of these tiles come out turned.
_base_ = './spacenet6.py'

load = [*_base_.load, dict(type='AlignLookDirection')]
train_pipeline = [
    *load,
    _base_.crop,
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackMultiModalInputs'),
]
test_pipeline = [*load, dict(type='PackMultiModalInputs')]
tta_pipeline = [
    *load,
    dict(
        type='TestTimeAug',
        transforms=[_base_.flips[:2], [dict(type='PackMultiModalInputs')]],
    ),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
