# BRIGHT as in the Data Fusion Contest 2025. Its lists lie beside the folders
# train and val: "holdout" is a part of train, for validation, and "val" is
# what this config tests on. The first distribution has no targets for it.
_base_ = './bright.py'

train_dataloader = dict(dataset=dict(ann_file='train_setlevel.txt'))
val_dataloader = dict(dataset=dict(ann_file='holdout_setlevel.txt'))
test_dataloader = dict(dataset=dict(ann_file='val_setlevel.txt'))
