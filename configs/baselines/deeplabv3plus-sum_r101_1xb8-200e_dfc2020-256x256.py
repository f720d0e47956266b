_base_ = [
    '../_base_/models/deeplabv3plus-sum_r101.py',
    '../_base_/datasets/dfc2020_rgb.py',
    '../_base_/schedules/joitrinet_200e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
