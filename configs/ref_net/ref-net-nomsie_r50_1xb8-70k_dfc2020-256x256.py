# Ablation: without the MSIE decoders and their heads.
_base_ = './ref-net_r50_1xb8-70k_dfc2020-256x256.py'
model = dict(neck=dict(enhance=False), modality_heads=None)
