# IDTReeS 2020 with twenty principal components in the place of its bands,
# measured on the training pixels: data_prep/idtrees.py --config
# idtrees_pca.py.
_base_ = './idtrees.py'

modalities = dict(
    hsi=dict(
        values=[dict(type='PCA', components=20)],
        display=dict(bands=['component 1']),
    )
)
dataset = dict(modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities)
