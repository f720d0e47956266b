# Fusion by addition, tested at home and in other regions.
_base_ = [
    '../_base_/models/df2rq_r18-w16.py',
    '../_base_/datasets/simulated_regions.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    neck=dict(_delete_=True, type='SumFusionNeck', in_index=(0, 3)),
)
default_hooks = dict(adapt_norm=dict(places=_base_.every_place))
