# JoiTriNet-d on SpaceNet 6; the recipe is ours, the paper has no such data.
_base_ = [
    '../_base_/models/joitrinet-d_r18.py',
    '../_base_/datasets/spacenet6.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
