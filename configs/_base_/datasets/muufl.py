# MUUFL Gulfport: 64 bands and two rasters of heights from LiDAR.
# data_prep/muufl.py brings the file into this form and makes the split, whose
# training and test pixels lie in different blocks of the scene.
_base_ = './sparse_scene.py'

dataset_type = 'MUUFLDataset'
data_root = 'data/muufl'
split = 'blocks'
num_classes = 11
hsi_bands = [f'b{number}' for number in range(1, 65)]
lidar_bands = ['l1', 'l2']
standardize = [dict(type='Standardize')]
modalities = dict(
    hsi=dict(
        dir='scene/hsi',
        bands=hsi_bands,
        file_bands=hsi_bands,
        unit='reflectance as distributed',
        values=standardize,
        display=dict(bands=['b28', 'b18', 'b9'], range=[-2.0, 2.5]),
    ),
    lidar=dict(
        dir='scene/lidar',
        bands=lidar_bands,
        file_bands=lidar_bands,
        unit='metres',
        values=standardize,
        display=dict(bands=['l1'], range=[-2.0, 2.5]),
    ),
)

parts = {
    part: dict(
        type=dataset_type,
        data_root=data_root,
        modalities=modalities,
        ann_file=f'splits/{split}/{part}.txt',
        label_dir=f'labels/{split}/{part}',
    )
    for part in ('train', 'val', 'test')
}
held_out = [f'labels/{split}/val', f'labels/{split}/test']
train_dataloader = dict(dataset=dict(**parts['train'], held_out=held_out))
val_dataloader = dict(dataset=parts['val'])
test_dataloader = dict(dataset=parts['test'])
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
