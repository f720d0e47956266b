# Hunan with the first two bands of Sentinel-1 as third modality. Whether they
# are in dB is not published.
_base_ = './hunan.py'

modalities = dict(
    sar=dict(
        dir='{part}/s1/s1_{name}',
        bands=[0, 1],
        unit='not published',
        values=_base_.standardize,
        display=dict(bands=[0], range=[-2.0, 2.5]),
    )
)
dataset = dict(modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities)
