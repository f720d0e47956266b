# DFC2020 as dfc2020_rgb_sar3.py reads it, with a split in which no region is
# in two parts.
_base_ = './dfc2020_rgb_sar3.py'

split = 'splits/geographic'
train_dataloader = dict(dataset=dict(ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(ann_file=f'{split}/test.txt'))
