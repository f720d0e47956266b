# SpaceNet 6 with the panchromatic band as a third modality.
_base_ = './spacenet6.py'

modalities = dict(
    pan=dict(
        dir='PAN',
        bands=['PAN'],
        file_bands=['PAN'],
        unit='16-bit numbers of an unknown unit',
        nodata=0,
        values=_base_.standardize,
        display=dict(range=[-2.0, 2.5]),
    )
)
dataset = dict(modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities)
