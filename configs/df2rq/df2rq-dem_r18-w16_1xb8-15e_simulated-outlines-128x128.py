# Three modalities: elevation has an encoder of its own.
_base_ = [
    '../_base_/models/df2rq-dem_r18-w16.py',
    '../_base_/datasets/simulated_outlines_dem.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
