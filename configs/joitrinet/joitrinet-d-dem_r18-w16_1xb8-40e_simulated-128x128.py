_base_ = [
    '../_base_/models/joitrinet-d-dem_r18-w16.py',
    '../_base_/datasets/simulated_dem.py',
    '../_base_/schedules/adamw_40e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
