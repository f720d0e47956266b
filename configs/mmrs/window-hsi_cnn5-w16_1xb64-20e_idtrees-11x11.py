_base_ = [
    '../_base_/models/window-hsi-w16.py',
    '../_base_/datasets/idtrees_pca.py',
    '../_base_/schedules/window_20e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
# The dataset has both sensors; the network reads one.
test_cfg = dict(subsets=[['hsi']])
