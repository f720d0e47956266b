# DDHR, Dongying: three bands of Gaofen-2 and VV of Gaofen-3, both 8-bit JPEG.
# Scaling, mean and std are those of DDHRNet's loader, the same for all cities
# and bands. JoiTriNet does not state its own.
_base_ = './multimodal.py'

dataset_type = 'DongyingDataset'
data_root = 'data/ddhr/dongying'
split = 'splits/random-622-seed0'
num_classes = 5
modalities = dict(
    opt=dict(
        dir='GF2',
        suffix='.jpg',
        bands=[0, 1, 2],
        unit='8-bit stretch',
        values=[dict(type='ScaleValues', factor=1 / 255)],
        mean=[0.5, 0.5, 0.5],
        std=[0.5, 0.5, 0.5],
        display=dict(range=[0.0, 1.0]),
    ),
    sar=dict(
        dir='GF3',
        suffix='.jpg',
        bands=[0],
        unit='8-bit stretch',
        values=[dict(type='ScaleValues', factor=1 / 255)],
        mean=[0.5],
        std=[0.5],
        display=dict(range=[0.0, 1.0]),
    ),
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/test.txt'))
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
