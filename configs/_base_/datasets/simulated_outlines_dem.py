# simulated_outlines.py with elevation as third modality.
_base_ = './simulated_outlines.py'

modalities = dict(
    dem=dict(
        dir='dem',
        bands=['elevation'],
        file_bands=['elevation'],
        unit='metres',
        values=[dict(type='RescaleRange', low=0.0, high=200.0)],
    )
)
dataset = dict(modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities)
