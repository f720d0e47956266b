# JoiTriNet-d on Sentinel-2, Sentinel-1 and elevation of Hunan; the recipe is
# ours, the paper has no such data.
_base_ = [
    '../_base_/models/joitrinet-d-dem_r18-w16.py',
    '../_base_/datasets/hunan_sar.py',
    '../_base_/schedules/adamw_80e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
