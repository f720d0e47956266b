# BRIGHT as in the Data Fusion Contest 2025, in the folders train and val of
# its first distribution. Its lists lie beside them: "holdout" is a part of
# train, for validation, and "val" is what this config tests on. That
# distribution has no targets for it; they are published since April 2025 with
# the whole data set, for which there is bright_dfc25_whole.py.
_base_ = './bright.py'

train_dataloader = dict(dataset=dict(ann_file='train_setlevel.txt'))
val_dataloader = dict(dataset=dict(ann_file='holdout_setlevel.txt'))
test_dataloader = dict(dataset=dict(ann_file='val_setlevel.txt'))
