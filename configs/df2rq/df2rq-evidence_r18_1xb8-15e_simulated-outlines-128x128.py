# The weights are told which modality is right: see EvidenceLoss.
_base_ = [
    '../_base_/models/df2rq_r18.py',
    '../_base_/datasets/simulated_outlines.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    neck=dict(evidence=dict(temperature=0.5, weight=0.1, balance=0.01)),
)
