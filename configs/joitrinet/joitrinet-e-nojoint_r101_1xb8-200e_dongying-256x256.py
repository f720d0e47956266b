# Table VII: both attentions, no joint learning.
_base_ = './joitrinet-e_r101_1xb8-200e_dongying-256x256.py'
model = dict(
    modality_heads=None,
)
