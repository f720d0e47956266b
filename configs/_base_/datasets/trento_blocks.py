# Trento from a copy whose labels come without a split: training and test
# pixels lie in different blocks of the scene. Not comparable with
# published numbers.
_base_ = './trento.py'

split = 'blocks'
lists = {
    part: dict(
        ann_file=f'splits/{split}/{part}.txt',
        label_dir=f'labels/{split}/{part}',
    )
    for part in ('train', 'val', 'test')
}
held_out = [f'labels/{split}/val', f'labels/{split}/test']
train_dataloader = dict(dataset=dict(**lists['train'], held_out=held_out))
val_dataloader = dict(dataset=lists['val'])
test_dataloader = dict(dataset=lists['test'])
