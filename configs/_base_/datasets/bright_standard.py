# BRIGHT with the authors' standard lists: tiles of all events in all parts.
_base_ = './bright.py'

split = 'splits/standard_ML'
train_dataloader = dict(dataset=dict(ann_file=f'{split}/train_set.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{split}/val_set.txt'))
test_dataloader = dict(dataset=dict(ann_file=f'{split}/test_set.txt'))
