# MUUFL Gulfport: 64 bands and two rasters of heights from LiDAR, declared as
# Trento's. data_prep/muufl.py brings the file into this form and makes the
# split, whose training and test pixels lie in different blocks of the scene.
_base_ = './trento_blocks.py'

dataset_type = 'MUUFLDataset'
data_root = 'data/muufl'
num_classes = 11
hsi_bands = [f'b{number}' for number in range(1, 65)]
modalities = dict(
    hsi=dict(
        bands=hsi_bands,
        file_bands=hsi_bands,
        unit='reflectance as distributed',
        display=dict(bands=['b28', 'b18', 'b9']),
    ),
    lidar=dict(unit='metres'),
)
dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
