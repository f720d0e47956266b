# ISPRS Potsdam: red, green, blue and near infrared, and the surface model.
_base_ = './vaihingen.py'
dataset_type = 'PotsdamSurfaceDataset'
data_root = 'data/potsdam'
bands = ['R', 'G', 'B', 'NIR']
modalities = dict(
    opt=dict(
        bands=bands, file_bands=bands, display=dict(bands=['R', 'G', 'B'])
    )
)
dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities)
