# DFC2020 as REF-Net's authors normalise it: no clipping, mean and std of each
# band; their statistics, turned from reflectance x 10000 and dB into the units
# used here. Reflectance is divided by 10000, and -25..0 dB is mapped to 0..1,
# so that the black image of a missing sensor is dark.
_base_ = './dfc2020_rgb.py'

modalities = dict(
    opt=dict(
        values=[dict(type='ScaleValues', factor=1e-4)],
        mean=[0.07638806, 0.09191531, 0.1013227],
        std=[0.02481907, 0.01730708, 0.01418084],
    ),
    sar=dict(
        values=[dict(type='ScaleValues', factor=0.04, offset=1.0)],
        mean=[0.49832, 0.209032],
        std=[0.096804, 0.10038],
    ),
)
train_dataloader = dict(dataset=dict(modalities=modalities))
val_dataloader = dict(dataset=dict(modalities=modalities))
test_dataloader = dict(dataset=dict(modalities=modalities))
data_preprocessor = dict(modalities=modalities)
