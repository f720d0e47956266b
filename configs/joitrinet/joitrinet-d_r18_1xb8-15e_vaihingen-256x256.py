# JoiTriNet-d on aerial images and a surface model; the recipe is ours, the
# paper has no such data.
_base_ = [
    '../_base_/models/joitrinet-d-dsm_r18.py',
    '../_base_/datasets/vaihingen.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
