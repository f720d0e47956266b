# IDTReeS 2020: 368 bands and canopy height of forest plots, at 1 m. The first
# band is 0 in some plots, and is left out. data_prep/idtrees.py makes labels
# of the crowns and the split by plots; Standardize takes mean and std from the
# labelled pixels of the training plots.
_base_ = './sparse_scene.py'

dataset_type = 'IDTReeSDataset'
data_root = 'data/idtrees'
split = 'splits/plots-seed0'
num_classes = 9
file_bands = [f'b{number}' for number in range(1, 370)]
standardize = [dict(type='Standardize')]
modalities = dict(
    hsi=dict(
        dir='RemoteSensing/HSI',
        bands=file_bands[1:],
        file_bands=file_bands,
        unit='reflectance x 10000',
        values=standardize,
        display=dict(bands=['b54', 'b35', 'b19'], range=[-2.0, 2.5]),
    ),
    lidar=dict(
        dir='RemoteSensing/CHM',
        bands=['height'],
        file_bands=['height'],
        unit='metres above the ground',
        values=standardize,
        display=dict(range=[-2.0, 2.5]),
    ),
)

# Plots are in one list each, so all of them have their labels in one folder.
dataset = dict(
    type=dataset_type,
    data_root=data_root,
    modalities=modalities,
    label_dir=None,
)
train_dataloader = dict(
    dataset=dict(**dataset, ann_file=f'{split}/train.txt', held_out=[])
)
val_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/test.txt'))
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
