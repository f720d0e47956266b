_base_ = [
    '../_base_/models/segformer_mit-b0.py',
    '../_base_/datasets/ombria.py',
    '../_base_/schedules/adamw_8e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
# The dataset offers SAR too; the network does not read it.
test_cfg = dict(subsets=[['opt']])
