# Houston2013: 144 bands of CASI and a surface model from LiDAR, official
# split. data_prep/houston2013.py brings the files into this form. No mean and
# std: Standardize takes them from the training pixels, and data_prep measures
# them. A tenth of the training pixels is held out to choose a checkpoint.
_base_ = './sparse_scene.py'

dataset_type = 'Houston2013Dataset'
data_root = 'data/houston2013'
num_classes = 15
hsi_bands = [f'b{number}' for number in range(1, 145)]
standardize = [dict(type='Standardize')]
modalities = dict(
    hsi=dict(
        dir='scene/hsi',
        bands=hsi_bands,
        file_bands=hsi_bands,
        unit='16-bit numbers of CASI',
        values=standardize,
        # 641, 550 and 460 nm.
        display=dict(bands=['b59', 'b40', 'b21'], range=[-2.0, 2.5]),
    ),
    lidar=dict(
        dir='scene/lidar',
        bands=['height'],
        file_bands=['height'],
        unit='metres',
        values=standardize,
        display=dict(range=[-2.0, 2.5]),
    ),
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
