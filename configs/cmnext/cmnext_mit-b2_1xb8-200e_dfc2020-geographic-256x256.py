_base_ = [
    '../_base_/models/cmnext_mit-b2.py',
    '../_base_/datasets/dfc2020_rgb_sar3_geographic.py',
    '../_base_/schedules/cmx_200e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
