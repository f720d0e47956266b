# BRIGHT: red, green and blue before, SAR after the disaster; trained,
# validated and tested on different events. data_prep/bright.py writes the
# split lists and prints mean and std. Those of the optical image are
# ImageNet's, as the authors' code has them; those of SAR were not measured.
_base_ = './multimodal.py'

dataset_type = 'BRIGHTDataset'
data_root = 'data/bright'
split = 'splits/events'
num_classes = 4
modalities = dict(
    opt=dict(
        dir='pre-event',
        suffix='_pre_disaster.tif',
        bands=[0, 1, 2],
        # A fourth band, where there is one, is neither read nor taken for
        # transparency.
        nodata=None,
        unit='8-bit composite, before the event',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        display=dict(bands=[0, 1, 2], range=[0.0, 255.0]),
        optional=True,
    ),
    sar=dict(
        dir='post-event',
        suffix='_post_disaster.tif',
        bands=[0],
        unit='8-bit stretch, after the event',
        values=[dict(type='ScaleValues', factor=1 / 255)],
        display=dict(range=[0.0, 1.0]),
    ),
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/train.txt'))
val_dataloader = dict(
    batch_size=1, dataset=dict(**dataset, ann_file=f'{split}/val.txt')
)
# Batches of one tile, so that normalisation can adapt to each event.
test_dataloader = dict(
    batch_size=1, dataset=dict(**dataset, ann_file=f'{split}/test.txt')
)
every_place = '^(.+)_[0-9]{8}$'
test_evaluator = [
    dict(type='LandCoverMetric'),
    dict(type='PlaceMetric', places=every_place),
]
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
