# What data_prep/simulate.py writes, in DFC2020's layout: red, green, blue and
# near infrared of Sentinel-2, VV and VH of Sentinel-1.
_base_ = './dfc2020_rgb.py'

data_root = 'data/simulated'
split = 'splits/default'
modalities = dict(opt=dict(bands=['B4', 'B3', 'B2', 'B8']))
# What --dem adds; simulated_dem.py and simulated_outlines_dem.py declare it.
elevation = dict(
    dir='dem',
    bands=['elevation'],
    file_bands=['elevation'],
    unit='metres',
    values=[dict(type='RescaleRange', low=0.0, high=200.0)],
)
# In the place of a sensor that is missing, for networks trained to miss it.
training_means = dict(
    opt=[0.1808, 0.1871, 0.1921, 0.2818], sar=[0.4979, 0.2322]
)
# Reading small tiles is so quick that worker processes would cost more.
loader = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(
    **loader,
    dataset=dict(
        data_root=data_root,
        ann_file=f'{split}/train.txt',
        modalities=modalities,
    ),
)
val_dataloader = dict(
    **loader,
    dataset=dict(
        data_root=data_root,
        ann_file=f'{split}/val.txt',
        modalities=modalities,
    ),
)
test_dataloader = dict(
    **loader,
    dataset=dict(
        data_root=data_root,
        ann_file=f'{split}/test.txt',
        modalities=modalities,
    ),
)
data_preprocessor = dict(modalities=modalities)
