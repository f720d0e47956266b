# Trento: 63 bands of AISA Eagle and two rasters from LiDAR, the split of the
# literature. data_prep/trento.py brings the files into this form. A copy whose
# labels come without a split is read by trento_blocks.py.
_base_ = './sparse_scene.py'

dataset_type = 'TrentoDataset'
data_root = 'data/trento'
num_classes = 6
hsi_bands = [f'b{number}' for number in range(1, 64)]
lidar_bands = ['l1', 'l2']
standardize = [dict(type='Standardize')]
modalities = dict(
    hsi=dict(
        dir='scene/hsi',
        bands=hsi_bands,
        file_bands=hsi_bands,
        unit='as distributed',
        values=standardize,
        display=dict(bands=['b26', 'b16', 'b6'], range=[-2.0, 2.5]),
    ),
    lidar=dict(
        dir='scene/lidar',
        bands=lidar_bands,
        file_bands=lidar_bands,
        unit='as distributed',
        values=standardize,
        display=dict(bands=['l1'], range=[-2.0, 2.5]),
    ),
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
