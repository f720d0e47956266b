_base_ = [
    '../_base_/models/window-hsi-w16.py',
    '../_base_/datasets/simulated_hs.py',
    '../_base_/schedules/window_20e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
# A checkpoint takes as long as an epoch: one for each validation.
default_hooks = dict(checkpoint=dict(interval=5))
# The dataset has both sensors; the network reads one.
test_cfg = dict(subsets=[['hsi']])
