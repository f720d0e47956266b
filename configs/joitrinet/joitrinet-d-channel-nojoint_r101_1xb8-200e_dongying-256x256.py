# Table VII: channel attention only, no joint learning.
_base_ = './joitrinet-d_r101_1xb8-200e_dongying-256x256.py'
model = dict(
    neck=dict(spatial_attention=False),
    modality_heads=None,
)
