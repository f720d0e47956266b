_base_ = [
    '../_base_/models/deeplabv3plus-concat_r18.py',
    '../_base_/datasets/ombria.py',
    '../_base_/schedules/adamw_8e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
