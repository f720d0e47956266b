# SEN12MS: all bands of Sentinel-2 and Sentinel-1 as in DFC2020, ten classes.
# The labels are weak, MODIS at 500 m; see the class. data_prep/sen12ms.py
# writes the split lists.
_base_ = './dfc2020_s2.py'

dataset_type = 'SEN12MSDataset'
data_root = 'data/sen12ms'
split = 'splits/holdout-seed0'
num_classes = 10
dataset = dict(type=dataset_type, data_root=data_root)
train_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/test.txt'))
data_preprocessor = dict(num_classes=num_classes)
