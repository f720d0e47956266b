# The whole BRIGHT with the lists of the Data Fusion Contest 2025: put those of
# https://github.com/ChenHongruixuan/BRIGHT, bda_benchmark/dataset/splitname/
# dfc25, into splits/dfc25. As there, "holdout" is for validation while
# training; "test" has the two events that the contest kept for its end. The
# fourth list, "val", is that of its public phase.
_base_ = './bright.py'

split = 'splits/dfc25'
train_dataloader = dict(dataset=dict(ann_file=f'{split}/train_set.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{split}/holdout_set.txt'))
test_dataloader = dict(dataset=dict(ann_file=f'{split}/test_set.txt'))
