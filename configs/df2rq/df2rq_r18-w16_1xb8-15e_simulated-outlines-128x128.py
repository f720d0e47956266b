_base_ = [
    '../_base_/models/df2rq_r18-w16.py',
    '../_base_/datasets/simulated_outlines.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
