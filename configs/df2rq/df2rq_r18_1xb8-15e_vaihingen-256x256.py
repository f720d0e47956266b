# Region-wise queries on aerial images and a surface model; the recipe is ours.
_base_ = [
    '../_base_/models/df2rq-dsm_r18.py',
    '../_base_/datasets/vaihingen.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
