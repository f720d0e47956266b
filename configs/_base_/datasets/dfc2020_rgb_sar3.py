# DFC2020 with three bands per modality, as the releases of CMX and CMNeXt
# want it: red, green, blue, and VV, VH, VV. (They repeat a single band.)
_base_ = './dfc2020_rgb.py'

modalities = dict(sar=dict(bands=['VV', 'VH', 'VV']))
train_dataloader = dict(dataset=dict(modalities=modalities))
val_dataloader = dict(dataset=dict(modalities=modalities))
test_dataloader = dict(dataset=dict(modalities=modalities))
data_preprocessor = dict(modalities=modalities)
