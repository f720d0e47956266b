# Globe230k with what DF2RQ's published network reads: red, green and blue,
# NDVI and two channels of Sentinel-1. data_prep/globe230k.py writes the split
# lists; those of DF2RQ are not published. Mean and std are DF2RQ's. Its code
# reads images as blue, green, red and normalises them with these numbers,
# which it calls rgb; which order they have cannot be known. SAR is scaled so
# that 0, what a missing modality is, stands for -40 dB and not for 0 dB.
_base_ = './multimodal.py'

dataset_type = 'Globe230kDataset'
data_root = 'data/globe230k'
split = 'splits/random-622-seed0'
num_classes = 10
modalities = dict(
    opt=dict(
        dir='image_patch',
        suffix='.jpg',
        bands=['R', 'G', 'B'],
        file_bands=['R', 'G', 'B'],
        unit='8-bit composite',
        mean=[89.9754, 95.7683, 85.2690],
        std=[34.7940, 30.9646, 28.6369],
    ),
    ndvi=dict(
        dir='ndvi_patch',
        bands=[0],
        unit='NDVI',
        mean=[0.4547],
        std=[0.1443],
        display=dict(range=[-0.2, 1.0]),
        optional=True,
    ),
    sar=dict(
        dir='vvvh_patch',
        bands=['VH', 'VV'],
        file_bands=['VH', 'VV'],
        unit='backscatter in dB',
        values=[dict(type='ScaleValues', factor=1 / 40, offset=1.0)],
        mean=[1 - 18.0581 / 40, 1 - 11.1280 / 40],
        std=[2.5397 / 40, 2.5465 / 40],
        display=dict(bands=['VV']),
    ),
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/test.txt'))
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
