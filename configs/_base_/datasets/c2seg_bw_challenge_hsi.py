# C2Seg-BW as patches with all three modalities: the 116 hyperspectral bands
# are on the pixels of the others already. Their unit is not published, so they
# are read as they are: take mean and std from what data_prep/c2seg_bw.py
# prints with --config c2seg_bw_challenge_hsi.py.
_base_ = './c2seg_bw_challenge.py'

hsi_bands = [f'H{number}' for number in range(1, 117)]
modalities = dict(
    hsi=dict(
        dir='train/hsi',
        suffix='.tiff',
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
