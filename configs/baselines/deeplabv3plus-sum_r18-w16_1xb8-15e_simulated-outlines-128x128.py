# Fusion by addition instead of region-wise queries.
_base_ = '../df2rq/df2rq_r18-w16_1xb8-15e_simulated-outlines-128x128.py'
model = dict(neck=dict(_delete_=True, type='SumFusionNeck', in_index=(0, 3)))
