# DFC2020: red, green and blue of Sentinel-2, VV and VH of Sentinel-1.
# No mean and std: the loader of JoiTriNet's authors has none. It maps
# reflectance 0..1 and -25..0 dB to 0..1, as here.
_base_ = './multimodal.py'

dataset_type = 'DFC2020Dataset'
data_root = 'data/dfc2020'
split = 'splits/random-622-seed0'
num_classes = 8
modalities = dict(
    opt=dict(
        dir='s2',
        bands=['B4', 'B3', 'B2'],
        file_bands=[
            *['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7'],
            *['B8', 'B8A', 'B9', 'B10', 'B11', 'B12'],
        ],
        unit='top-of-atmosphere reflectance x 10000',
        values=[
            dict(type='ScaleValues', factor=1e-4),
            dict(type='ClipValues', low=0.0, high=1.0),
        ],
        display=dict(bands=['B4', 'B3', 'B2'], range=[0.0, 0.3]),
    ),
    sar=dict(
        dir='s1',
        bands=['VV', 'VH'],
        file_bands=['VV', 'VH'],
        unit='sigma0 in dB',
        values=[dict(type='RescaleRange', low=-25.0, high=0.0)],
        display=dict(bands=['VV'], range=[0.0, 1.0]),
    ),
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/test.txt'))
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
