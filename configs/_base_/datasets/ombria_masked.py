# OMBRIA without labels, for masked pretraining. The masks of validation and
# test are always the same.
_base_ = './ombria.py'

mask = dict(type='ComplementaryMask', cell=32)
train_pipeline = [
    *[t for t in _base_.train_pipeline if t['type'] != 'LoadLandCover'],
    mask,
]
test_pipeline = [
    *[t for t in _base_.test_pipeline if t['type'] != 'LoadLandCover'],
    dict(**mask, seed=0),
]
train_dataloader = dict(dataset=dict(label=False, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(label=False, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(label=False, pipeline=test_pipeline))
val_evaluator = dict(
    _delete_=True, type='MaskedReconstructionMetric', prefix='val'
)
test_evaluator = dict(
    _delete_=True, type='MaskedReconstructionMetric', prefix='test'
)
