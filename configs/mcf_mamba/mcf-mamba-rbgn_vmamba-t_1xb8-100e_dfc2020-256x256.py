# The authors' order of bands, red, blue, green, NIR: for their checkpoints.
_base_ = './mcf-mamba_vmamba-t_1xb8-100e_dfc2020-256x256.py'

bands = ['B4', 'B2', 'B3', 'B8']
modalities = dict(opt=dict(bands=bands))
train_dataloader = dict(dataset=dict(modalities=modalities))
val_dataloader = dict(dataset=dict(modalities=modalities))
test_dataloader = dict(dataset=dict(modalities=modalities))
data_preprocessor = dict(modalities=modalities)
model = dict(data_preprocessor=data_preprocessor)
