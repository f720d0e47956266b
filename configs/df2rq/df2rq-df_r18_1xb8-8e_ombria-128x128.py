# Ablation: dynamic fusion alone, of maps that are not reconstructed.
_base_ = './df2rq_r18_1xb8-8e_ombria-128x128.py'
model = dict(neck=dict(reconstruction=None))
