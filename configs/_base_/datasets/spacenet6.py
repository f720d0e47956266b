# SpaceNet 6 (MSAW): pan-sharpened WorldView-2 with near infrared and four
# polarisations of radar, at 0.5 m. data_prep/spacenet6.py burns the footprints
# into label rasters and writes the split lists. The units of the files are not
# published: Standardize takes mean and std from the training tiles, so that a
# black image is an average one.
_base_ = './multimodal.py'

dataset_type = 'SpaceNet6Dataset'
data_root = 'data/spacenet6'
split = 'splits/easting'
num_classes = 2
crop_size = (256, 256)
standardize = [dict(type='Standardize')]
modalities = dict(
    opt=dict(
        dir='PS-RGBNIR',
        bands=['R', 'G', 'B', 'NIR'],
        file_bands=['R', 'G', 'B', 'NIR'],
        unit='16-bit numbers of an unknown unit',
        nodata=0,
        nodata_when='all',
        values=standardize,
        display=dict(bands=['R', 'G', 'B'], range=[-2.0, 2.5]),
    ),
    sar=dict(
        dir='SAR-Intensity',
        bands=['HH', 'HV', 'VH', 'VV'],
        file_bands=['HH', 'HV', 'VH', 'VV'],
        unit='logarithm of the intensity',
        nodata=0,
        nodata_when='all',
        values=standardize,
        display=dict(bands=['HH'], range=[-2.0, 2.5]),
    ),
)

# Whether footprints go on where a strip ends is not known; pixels without
# radar are not counted.
load = [
    dict(type='LoadMultiModalImages'),
    dict(type='LoadLandCover', ignore_invalid='any'),
]
crop = dict(type='RandomCrop', crop_size=crop_size)
train_pipeline = [*load, crop, *_base_.train_pipeline[len(load) :]]
test_pipeline = [*load, *_base_.test_pipeline[len(load) :]]
tta_pipeline = [*load, *_base_.tta_pipeline[len(load) :]]

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(
    dataset=dict(
        **dataset, ann_file=f'{split}/train.txt', pipeline=train_pipeline
    )
)
# Whole tiles of 900x900: one at a time.
val_dataloader = dict(
    batch_size=1,
    dataset=dict(
        **dataset, ann_file=f'{split}/val.txt', pipeline=test_pipeline
    ),
)
test_dataloader = dict(
    batch_size=1,
    dataset=dict(
        **dataset, ann_file=f'{split}/test.txt', pipeline=test_pipeline
    ),
)
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
