_base_ = [
    '../_base_/models/deeplabv3plus-gated_r101.py',
    '../_base_/datasets/dongying.py',
    '../_base_/schedules/joitrinet_200e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
