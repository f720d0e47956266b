# C2Seg-AB: Augsburg and Berlin, three modalities. data_prep/c2seg_ab.py cuts
# the cities and writes the split lists. The unit of the hyperspectral bands is
# not published, so they are read as they are: take mean and std from what the
# script prints. Red, green and blue of their pictures are guessed from the
# wavelengths of EnMAP.
_base_ = './c2seg_bw.py'

dataset_type = 'C2SegABDataset'
data_root = 'data/c2seg_ab'
hsi_bands = [f'H{number}' for number in range(1, 243)]
modalities = dict(
    hsi=dict(
        dir='tiles/hsi',
        bands=hsi_bands,
        file_bands=hsi_bands,
        unit='not published',
        display=dict(bands=['H48', 'H30', 'H12'], percentiles=[2.0, 98.0]),
    )
)
dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities)
