_base_ = [
    '../_base_/models/deeplabv3plus-stack_r18.py',
    '../_base_/datasets/simulated_hs_dense.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
