# What data_prep/simulate_hs.py writes: a small town with the classes of
# Houston2013, 48 bands and a surface model.
_base_ = './houston2013.py'

dataset_type = 'SimulatedTownDataset'
data_root = 'data/simulated_hs'
split = 'given'
hsi_bands = [f'b{number}' for number in range(1, 49)]
modalities = dict(
    hsi=dict(
        bands=hsi_bands,
        file_bands=hsi_bands,
        unit='reflectance x 10000',
        display=dict(bands=['b20', 'b13', 'b7']),  # 641, 542, 456 nm
    )
)
lists = {
    part: dict(
        ann_file=f'splits/{split}/{part}.txt',
        label_dir=f'labels/{split}/{part}',
    )
    for part in ('train', 'val', 'test')
}
held_out = [f'labels/{split}/val', f'labels/{split}/test']
dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(
    dataset=dict(**dataset, **lists['train'], held_out=held_out)
)
val_dataloader = dict(dataset=dict(**dataset, **lists['val']))
test_dataloader = dict(dataset=dict(**dataset, **lists['test']))
data_preprocessor = dict(modalities=modalities)
