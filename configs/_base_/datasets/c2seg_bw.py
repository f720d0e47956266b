# C2Seg-BW: Beijing and Wuhan, four bands of Sentinel-2 and two channels of
# Sentinel-1. data_prep/c2seg_bw.py cuts the cities and writes the split lists.
# No mean and std: the published ones (REF-Net, DF2RQ) differ by up to 1.8
# times, and REF-Net's stds of the optical bands are its means. Reflectance
# 0..1 and -40..0 dB become 0..1 instead, -40 dB being two to three published
# stds below the mean of VH. The script prints the mean and std of your copy in
# these units.
_base_ = './multimodal.py'

dataset_type = 'C2SegBWDataset'
data_root = 'data/c2seg_bw'
split = 'splits/cross-city'
num_classes = 13
modalities = dict(
    opt=dict(
        dir='tiles/msi',
        bands=['B4', 'B3', 'B2', 'B8'],
        file_bands=['B2', 'B3', 'B4', 'B8'],
        unit='reflectance x 10000',
        values=[
            dict(type='ScaleValues', factor=1e-4),
            dict(type='ClipValues', low=0.0, high=1.0),
        ],
        display=dict(bands=['B4', 'B3', 'B2'], range=[0.0, 0.3]),
    ),
    sar=dict(
        dir='tiles/sar',
        bands=['VV', 'VH'],
        file_bands=['VV', 'VH'],
        unit='backscatter in dB',
        values=[dict(type='RescaleRange', low=-40.0, high=0.0)],
        display=dict(bands=['VV'], range=[0.0, 1.0]),
    ),
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/test.txt'))
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
