# Hunan: four bands of Sentinel-2 and elevation, as MCF-Mamba reads them;
# hunan_sar.py adds Sentinel-1. data_prep/hunan.py writes the split lists. The
# units of the files are not published: Standardize takes mean and std from the
# training tiles, so that a black image is an average one.
_base_ = './multimodal.py'

dataset_type = 'HunanDataset'
data_root = 'data/hunan'
split = 'splits/official'
num_classes = 7
standardize = [dict(type='Standardize')]
modalities = dict(
    opt=dict(
        dir='{part}/s2/s2_{name}',
        bands=['B4', 'B3', 'B2', 'B8'],
        file_bands=[
            *['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7'],
            *['B8', 'B8A', 'B9', 'B10', 'B11', 'B12'],
        ],
        unit='not published',
        values=standardize,
        display=dict(bands=['B4', 'B3', 'B2'], range=[-2.0, 2.5]),
    ),
    dem=dict(
        dir='{part}/topo/topo_{name}',
        bands=[0],
        unit='metres',
        values=standardize,
        display=dict(range=[-2.0, 2.5]),
    ),
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/test.txt'))
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
