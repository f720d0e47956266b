# Ablation: without the difference branch; the modalities are not guided.
_base_ = './ref-net_r50_1xb8-70k_dfc2020-256x256.py'
model = dict(neck=dict(fusion=dict(difference=False)))
