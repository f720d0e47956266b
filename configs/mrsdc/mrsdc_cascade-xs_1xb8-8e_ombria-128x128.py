_base_ = [
    '../_base_/models/mrsdc_xs.py',
    '../_base_/datasets/ombria.py',
    '../_base_/schedules/adamw_8e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
