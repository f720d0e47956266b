# FLAIR #2, aerial images: four optical bands and the height above ground, two
# modalities in one file. data_prep/flair.py writes the split lists and prints
# mean and std. Those here are the ones that IGN's baselines are configured
# with.
_base_ = './multimodal.py'

dataset_type = 'FLAIRDataset'
data_root = 'data/flair'
split = 'splits/official'
num_classes = 12
file_bands = ['R', 'G', 'B', 'NIR', 'height']
modalities = dict(
    opt=dict(
        dir='aerial',
        bands=['R', 'G', 'B', 'NIR'],
        file_bands=file_bands,
        unit='8-bit stretch',
        mean=[105.08, 110.87, 101.82, 106.38],
        std=[52.17, 45.38, 44.0, 39.69],
        display=dict(bands=['R', 'G', 'B'], range=[0.0, 255.0]),
    ),
    ndsm=dict(
        dir='aerial',
        bands=['height'],
        file_bands=file_bands,
        unit='height above ground in fifths of a metre, at most 51 m',
        mean=[53.26],
        std=[79.3],
        display=dict(range=[0.0, 150.0]),
    ),
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/test.txt'))
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
