# ISPRS Vaihingen: near infrared, red and green, and the surface model.
# data_prep/isprs.py cuts the areas, writes the split lists and prints mean and
# std. The data were not at hand to measure them, so values are only scaled.
_base_ = './multimodal.py'

dataset_type = 'VaihingenSurfaceDataset'
data_root = 'data/vaihingen'
split = 'splits/official-seed0'
num_classes = 6
modalities = dict(
    opt=dict(
        dir='tiles/top',
        bands=['NIR', 'R', 'G'],
        file_bands=['NIR', 'R', 'G'],
        unit='8-bit stretch',
        values=[dict(type='ScaleValues', factor=1 / 255)],
        display=dict(range=[0.0, 1.0]),
    ),
    dsm=dict(
        dir='tiles/dsm',
        bands=['height'],
        file_bands=['height'],
        unit='height of the surface in metres',
        values=[dict(type='ScaleValues', factor=0.01)],
        display=dict(percentiles=[2.0, 98.0]),
    ),
)
# Training takes whole labels. Scores are counted as in the benchmark, without
# the pixels along the borders of the classes: black in the eroded labels.
eroded = dict(
    dir='tiles/label_eroded',
    suffix='.tif',
    colors={
        '#ffffff': 0,
        '#0000ff': 1,
        '#00ffff': 2,
        '#00ff00': 3,
        '#ffff00': 4,
        '#ff0000': 5,
        '#000000': 255,
    },
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/train.txt'))
val_dataloader = dict(
    dataset=dict(**dataset, ann_file=f'{split}/val.txt', label=eroded)
)
test_dataloader = dict(
    dataset=dict(**dataset, ann_file=f'{split}/test.txt', label=eroded)
)
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
