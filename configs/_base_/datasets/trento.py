# Trento: 63 bands of AISA Eagle and two rasters from LiDAR, the split of the
# literature. data_prep/trento.py brings the files into this form. A copy whose
# labels come without a split is read by trento_blocks.py.
_base_ = './sparse_scene.py'

dataset_type = 'TrentoDataset'
data_root = 'data/trento'
split = 'official'
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
