# WHU-OPT-SAR: four bands of Gaofen-1 and one channel of Gaofen-3, 8 bits.
# data_prep/whu_opt_sar.py cuts the sheets, writes the split lists and prints
# mean and std. Those here are the numbers in REF-Net's catalogue of datasets,
# measured elsewhere: the means agree with 8-bit images; the stds are so small
# that they must be means of the stds of single tiles.
_base_ = './multimodal.py'

dataset_type = 'WHUOptSARDataset'
data_root = 'data/whu_opt_sar'
split = 'splits/random-622-seed0'
num_classes = 7
modalities = dict(
    opt=dict(
        dir='tiles/optical',
        bands=['R', 'G', 'B', 'NIR'],
        file_bands=['R', 'G', 'B', 'NIR'],
        unit='8-bit stretch',
        mean=[104.6953, 96.7183, 79.1122, 100.7773],
        std=[14.6102, 16.5178, 19.7112, 29.9144],
        display=dict(bands=['R', 'G', 'B']),
    ),
    sar=dict(
        dir='tiles/sar',
        bands=['SAR'],
        file_bands=['SAR'],
        unit='8-bit stretch',
        mean=[54.0023],
        std=[48.2651],
    ),
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/test.txt'))
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
