# The hyperspectral window as a sequence of bands, beside an encoder of LiDAR.
_base_ = './window-concat.py'
model = dict(
    backbone=dict(
        branches=dict(hsi=dict(_delete_=True, type='SpectralMamba'))
    ),
    decode_head=dict(in_channels=64 + 128),
)
