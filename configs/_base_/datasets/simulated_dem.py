# simulated.py with elevation as third modality:
#   python data_prep/simulate.py data/simulated_dem --size 128 --dem
_base_ = './simulated.py'

data_root = 'data/simulated_dem'
modalities = dict(dem=_base_.elevation)
dataset = dict(data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities)
