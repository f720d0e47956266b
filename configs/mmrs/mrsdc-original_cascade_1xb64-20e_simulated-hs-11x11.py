_base_ = [
    '../_base_/models/mrsdc-original.py',
    '../_base_/datasets/simulated_hs.py',
    '../_base_/schedules/window_20e.py',
    '../_base_/default_runtime.py',
]
# 48 bands: 18 432 + 128 * 18 numbers.
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    neck=dict(in_channels=dict(hsi=20736)),
)
# A checkpoint takes as long as an epoch: one for each validation.
default_hooks = dict(checkpoint=dict(interval=5))
