# Ablation: without the share branch.
_base_ = './ref-net_r50_1xb8-70k_dfc2020-256x256.py'
model = dict(neck=dict(fusion=dict(share=False)))
