# What data_prep/simulate_hs.py --sar writes: the same town with four features
# of two SAR polarisations as a third modality.
_base_ = './simulated_hs.py'

sar_bands = ['c1', 'c2', 'c3', 'c4']
modalities = dict(
    sar=dict(
        dir='scene/sar',
        bands=sar_bands,
        file_bands=sar_bands,
        unit='covariance of VV and VH',
        values=[dict(type='Standardize', clip=5.0)],
        display=dict(bands=['c1'], range=[-1.0, 1.0]),
    )
)
dataset = dict(modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities)
