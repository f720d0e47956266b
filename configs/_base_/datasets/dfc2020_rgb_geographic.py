# DFC2020 with a split in which no region is in two parts: for scores on land
# that the network has not seen.
_base_ = './dfc2020_rgb.py'

split = 'splits/geographic'
train_dataloader = dict(dataset=dict(ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(ann_file=f'{split}/test.txt'))
