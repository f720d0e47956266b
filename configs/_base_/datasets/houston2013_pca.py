# Houston2013 with thirty principal components in the place of its bands,
# measured on the training pixels: data_prep/houston2013.py --config
# houston2013_pca.py.
_base_ = './houston2013.py'

modalities = dict(
    hsi=dict(
        values=[dict(type='PCA', components=30)],
        display=dict(bands=['component 1']),
    )
)
dataset = dict(modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities)
