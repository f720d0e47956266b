_base_ = [
    '../_base_/models/window-lidar-w16.py',
    '../_base_/datasets/idtrees_pca.py',
    '../_base_/schedules/window_4e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
# Writing a checkpoint takes seconds: one for each validation.
default_hooks = dict(checkpoint=dict(interval=2))
# The dataset has both sensors; the network reads one.
test_cfg = dict(subsets=[['lidar']])
