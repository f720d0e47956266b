# SEN12MS with all 17 classes of the IGBP.
_base_ = './sen12ms.py'

dataset_type = 'SEN12MSIGBPDataset'
num_classes = 17
train_dataloader = dict(dataset=dict(type=dataset_type))
val_dataloader = dict(dataset=dict(type=dataset_type))
test_dataloader = dict(dataset=dict(type=dataset_type))
data_preprocessor = dict(num_classes=num_classes)
