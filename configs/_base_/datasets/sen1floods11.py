# Sen1Floods11: all 13 bands of Sentinel-2, VV and VH of Sentinel-1; trained,
# validated and tested on different floods. data_prep/sen1floods11.py writes
# the split lists and prints mean and std. There are none here: the data were
# not at hand to measure them. Reflectance 0..1 and -25..0 dB become 0..1.
_base_ = './multimodal.py'

dataset_type = 'Sen1Floods11Dataset'
data_root = 'data/sen1floods11'
split = 'splits/events'
num_classes = 2
folder = 'data/flood_events/HandLabeled'
s2_bands = [
    *['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7'],
    *['B8', 'B8A', 'B9', 'B10', 'B11', 'B12'],
]
modalities = dict(
    opt=dict(
        dir=f'{folder}/S2Hand',
        suffix='_S2Hand.tif',
        bands=s2_bands,
        file_bands=s2_bands,
        nodata_when='all',  # 0 in a single band is a measurement
        unit='top-of-atmosphere reflectance x 10000',
        values=[
            dict(type='ScaleValues', factor=1e-4),
            dict(type='ClipValues', low=0.0, high=1.0),
        ],
        display=dict(bands=['B4', 'B3', 'B2'], range=[0.0, 0.3]),
        optional=True,
    ),
    sar=dict(
        dir=f'{folder}/S1Hand',
        suffix='_S1Hand.tif',
        bands=['VV', 'VH'],
        file_bands=['VV', 'VH'],
        unit='backscatter in dB',
        values=[dict(type='RescaleRange', low=-25.0, high=0.0)],
        display=dict(bands=['VV'], range=[0.0, 1.0]),
        optional=True,
    ),
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
# Batches of one chip, so that normalisation can adapt to each flood.
every_place = '^([^_]+)_'
test_dataloader = dict(
    batch_size=1, dataset=dict(**dataset, ann_file=f'{split}/test.txt')
)
test_evaluator = [
    dict(type='LandCoverMetric'),
    dict(type='PlaceMetric', places=every_place),
]
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
