# HS-SAR Berlin: 244 bands of a simulated EnMAP and four features of
# Sentinel-1, official split. data_prep/berlin.py brings the files into this
# form. Standardize takes mean and std from the training pixels, and data_prep
# measures them; covariances of SAR have a heavy tail, which is clipped. A
# tenth of the training pixels is held out to choose a checkpoint.
_base_ = './sparse_scene.py'

dataset_type = 'BerlinDataset'
data_root = 'data/berlin'
num_classes = 8
hsi_bands = [f'b{number}' for number in range(1, 245)]
sar_bands = ['c1', 'c2', 'c3', 'c4']
modalities = dict(
    hsi=dict(
        dir='scene/hsi',
        bands=hsi_bands,
        file_bands=hsi_bands,
        unit='reflectance as distributed',
        values=[dict(type='Standardize')],
        display=dict(bands=['b31', 'b19', 'b9'], range=[-2.0, 2.5]),
    ),
    sar=dict(
        dir='scene/sar',
        bands=sar_bands,
        file_bands=sar_bands,
        unit='features of the covariance of VV and VH',
        values=[dict(type='Standardize', clip=5.0)],
        display=dict(bands=['c1'], range=[-1.0, 1.0]),
    ),
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
