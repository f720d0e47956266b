_base_ = [
    '../_base_/models/mmrs-sar.py',
    '../_base_/datasets/augsburg.py',
    '../_base_/schedules/mmrs_200e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
