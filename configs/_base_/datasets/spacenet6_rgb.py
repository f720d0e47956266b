# SpaceNet 6 with the 8-bit colours of the pan-sharpened image.
_base_ = './spacenet6.py'

modalities = dict(
    opt=dict(
        dir='PS-RGB',
        bands=['R', 'G', 'B'],
        file_bands=['R', 'G', 'B'],
        unit='8-bit stretch',
        values=[dict(type='ScaleValues', factor=1 / 255)],
        display=dict(range=[0.0, 1.0]),
    )
)
dataset = dict(modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities)
