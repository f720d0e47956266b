# Globe230k with elevation as fourth modality, in kilometres. No mean and std:
# DF2RQ's std, 18 m around a mean of 750 m, is that of single tiles.
_base_ = './globe230k.py'

modalities = dict(
    dem=dict(
        dir='dem_patch',
        bands=[0],
        unit='metres',
        values=[dict(type='ScaleValues', factor=1e-3)],
    )
)
dataset = dict(modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities)
