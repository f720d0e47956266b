# MMRS for a hyperspectral image and SAR.
_base_ = './mmrs.py'

encoder = _base_.encoder
model = dict(
    backbone=dict(branches=dict(_delete_=True, hsi=encoder, sar=encoder))
)
