# DFC2020 with all 13 bands of Sentinel-2, in file order.
_base_ = './dfc2020_rgb.py'
bands = [
    *['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7'],
    *['B8', 'B8A', 'B9', 'B10', 'B11', 'B12'],
]
modalities = dict(opt=dict(bands=bands))
train_dataloader = dict(dataset=dict(modalities=modalities))
val_dataloader = dict(dataset=dict(modalities=modalities))
test_dataloader = dict(dataset=dict(modalities=modalities))
data_preprocessor = dict(modalities=modalities)
