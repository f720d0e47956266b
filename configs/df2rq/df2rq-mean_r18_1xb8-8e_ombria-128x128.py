# Ablation: neither reconstruction nor weights, the mean of the modalities.
_base_ = './df2rq_r18_1xb8-8e_ombria-128x128.py'
model = dict(neck=dict(reconstruction=None, weigh=False))
