_base_ = [
    '../_base_/models/segformer-sar_mit-b2.py',
    '../_base_/datasets/dongying.py',
    '../_base_/schedules/cmx_200e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
# The dataset offers optical images too; the network does not read them.
test_cfg = dict(subsets=[['sar']])
