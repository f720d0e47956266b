# C2Seg-BW with all three modalities, cut from the scenes:
#   python data_prep/c2seg_bw.py data/c2seg_bw --config c2seg_bw_hsi.py
# cuts the hyperspectral images, too, pixels of 30 m, each three times along
# each side. Their unit is not published, so they are read as they are: take
# mean and std from what the script prints.
_base_ = './c2seg_bw.py'

hsi_bands = [f'H{number}' for number in range(1, 117)]
modalities = dict(
    hsi=dict(
        dir='tiles/hsi',
        bands=hsi_bands,
        file_bands=hsi_bands,
        unit='not published',
        display=dict(bands=['H48', 'H30', 'H12'], percentiles=[2.0, 98.0]),
    )
)
dataset = dict(modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities)
