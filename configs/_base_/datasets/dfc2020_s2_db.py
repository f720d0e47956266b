# DFC2020 as networks see it that were pretrained on Sentinel-2 and Sentinel-1
# by torchgeo: reflectance (divided by 10000) of all 13 bands, VV and VH in dB.
# SAR values are mapped from -25..0 dB to 0..1, so that the black image of a
# missing sensor is dark; mean and std turn them back into dB.
_base_ = './dfc2020_s2.py'

modalities = dict(
    opt=dict(values=[dict(type='ScaleValues', factor=1e-4)]),
    sar=dict(
        values=[dict(type='ScaleValues', factor=0.04, offset=1.0)],
        mean=[1.0, 1.0],
        std=[0.04, 0.04],
    ),
)
train_dataloader = dict(dataset=dict(modalities=modalities))
val_dataloader = dict(dataset=dict(modalities=modalities))
test_dataloader = dict(dataset=dict(modalities=modalities))
data_preprocessor = dict(modalities=modalities)
