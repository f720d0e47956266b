# simulated_outlines.py with elevation as third modality.
_base_ = './simulated_outlines.py'

modalities = dict(dem=_base_.elevation)
dataset = dict(modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities)
