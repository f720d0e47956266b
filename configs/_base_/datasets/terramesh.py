# TerraMesh's patches as four modalities: Sentinel-2 (L2A), Sentinel-1 (RTC),
# elevation and NDVI, cut into tiles by data_prep/mine.py; the commands stand
# in configs/df2rq/README.md. The label is a land-cover product, not drawn by
# hand.
_base_ = './multimodal.py'

modalities = dict(
    opt=dict(
        dir='optical',
        bands=['B04', 'B03', 'B02', 'B08'],
        file_bands=[
            *['B01', 'B02', 'B03', 'B04', 'B05', 'B06'],
            *['B07', 'B08', 'B8A', 'B09', 'B11', 'B12'],
        ],
        nodata=0,
        nodata_when='all',
        unit='reflectance x 10000',
        values=[dict(type='ScaleValues', factor=1e-4)],
        display=dict(bands=['B04', 'B03', 'B02'], range=[0.0, 0.3]),
    ),
    sar=dict(
        dir='sar',
        bands=['VV', 'VH'],
        file_bands=['VV', 'VH'],
        unit='gamma0 in dB',
        values=[dict(type='RescaleRange', low=-25.0, high=0.0)],
        display=dict(bands=['VV'], range=[0.0, 1.0]),
    ),
    dem=dict(
        dir='dem',
        bands=['elevation'],
        file_bands=['elevation'],
        unit='metres',
        values=[dict(type='RescaleRange', low=0.0, high=1000.0)],
    ),
    ndvi=dict(
        dir='ndvi',
        bands=['NDVI'],
        file_bands=['NDVI'],
        unit='index from -1 to 1',
        display=dict(range=[-1.0, 1.0]),
    ),
)
dataset = dict(
    type='MultiModalSegDataset',
    data_root='data/terramesh',
    modalities=modalities,
    # No data and clouds are ignored.
    label=dict(
        dir='label',
        ids={0: 255, 1: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 5, 7: 6, 8: 255, 9: 7},
    ),
    metainfo=dict(
        classes=(
            'water',
            'trees',
            'flooded vegetation',
            'crops',
            'built area',
            'bare ground',
            'snow and ice',
            'rangeland',
        ),
        palette=[
            [65, 155, 223],
            [57, 125, 73],
            [122, 135, 198],
            [228, 150, 53],
            [196, 40, 27],
            [165, 155, 143],
            [168, 235, 255],
            [227, 226, 195],
        ],
    ),
)
# Reading small tiles is so quick that worker processes would cost more.
loader = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(
    **loader, dataset=dict(**dataset, ann_file='train.txt')
)
val_dataloader = dict(**loader, dataset=dict(**dataset, ann_file='val.txt'))
test_dataloader = dict(**loader, dataset=dict(**dataset, ann_file='test.txt'))
data_preprocessor = dict(modalities=modalities, num_classes=8)
