# DFC2020 with near infrared: red, green, blue, NIR.
_base_ = './dfc2020_rgb.py'
bands = ['B4', 'B3', 'B2', 'B8']
modalities = dict(opt=dict(bands=bands))
train_dataloader = dict(dataset=dict(modalities=modalities))
val_dataloader = dict(dataset=dict(modalities=modalities))
test_dataloader = dict(dataset=dict(modalities=modalities))
data_preprocessor = dict(modalities=modalities)
