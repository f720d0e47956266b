# HS-SAR-DSM Augsburg, with the surface model that some distributions have.
_base_ = './augsburg.py'

modalities = dict(
    dsm=dict(
        dir='scene/dsm',
        bands=['height'],
        file_bands=['height'],
        unit='metres, as distributed',
        values=[dict(type='Standardize')],
        display=dict(range=[-2.0, 2.5]),
    )
)
dataset = dict(modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities)
