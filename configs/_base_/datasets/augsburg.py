# HS-SAR Augsburg: 180 bands of HySpex and four features of Sentinel-1,
# official split; otherwise as Berlin. data_prep/augsburg.py brings the files
# into this form. The surface model is not read: not every distribution has it;
# augsburg_dsm.py does.
_base_ = './berlin.py'

dataset_type = 'AugsburgDataset'
data_root = 'data/augsburg'
num_classes = 7
hsi_bands = [f'b{number}' for number in range(1, 181)]
modalities = dict(hsi=dict(bands=hsi_bands, file_bands=hsi_bands))
dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
