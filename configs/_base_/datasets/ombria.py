# OMBRIA, optical and SAR after the flood. data_prep/ombria.py writes the split
# lists and prints mean and std. A config that inherits can declare the images
# before the flood as further modalities (dir='S2/BEFORE', dir='S1/BEFORE').
_base_ = './multimodal.py'

dataset_type = 'OmbriaDataset'
data_root = 'data/ombria'
split = 'splits/official-seed0'
num_classes = 2
modalities = dict(
    opt=dict(
        dir='S2/AFTER',
        suffix='.png',
        bands=[0, 1, 2],
        unit='8-bit composite',
        nodata=0,
        nodata_when='all',
        mean=[43.144, 60.3023, 39.9602],
        std=[32.7705, 33.0183, 32.4277],
    ),
    sar=dict(
        dir='S1/AFTER',
        suffix='.png',
        bands=[0],
        unit='backscatter, 8-bit stretch per image',
        nodata=255,
        mean=[151.492],
        std=[49.6185],
    ),
)

# Outside the scene the label says dry; such pixels are not counted.
load = [
    dict(type='LoadMultiModalImages'),
    dict(type='LoadLandCover', ignore_invalid='any'),
]
train_pipeline = [
    *load,
    dict(type='RandomCrop', crop_size=(128, 128)),
    *_base_.train_pipeline[len(load) :],
]
test_pipeline = [*load, *_base_.test_pipeline[len(load) :]]
tta_pipeline = [*load, *_base_.tta_pipeline[len(load) :]]

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(
    dataset=dict(
        **dataset, ann_file=f'{split}/train.txt', pipeline=train_pipeline
    )
)
val_dataloader = dict(
    dataset=dict(
        **dataset, ann_file=f'{split}/val.txt', pipeline=test_pipeline
    )
)
test_dataloader = dict(
    dataset=dict(
        **dataset, ann_file=f'{split}/test.txt', pipeline=test_pipeline
    )
)
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
