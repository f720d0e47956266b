# DFC2020 as REF-Net's authors normalise it, with a split in which no region is
# in two parts. Mean and std are theirs, of a random split.
_base_ = './dfc2020_rgb_standardized.py'

split = 'splits/geographic'
train_dataloader = dict(dataset=dict(ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(ann_file=f'{split}/test.txt'))
