# What scenes with sparse labels have in common: networks learn windows of
# 11 x 11 pixels, each with the label of the pixel in its middle, and are
# tested on whole scenes. A dataset adds type, data_root and modalities, and
# lists of its own if its split is not called official.
_base_ = './multimodal.py'

load = [dict(type='LoadMultiModalImages'), dict(type='LoadLandCover')]
train_pipeline = [
    *load,
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomRotate90'),
    dict(type='PackMultiModalInputs'),
    dict(type='KeepCentreLabel'),
]
# Scenes are in memory: worker processes would cost more than they give.
loader = dict(num_workers=0, persistent_workers=False)
split = 'official'
lists = {
    part: dict(
        ann_file=f'splits/{split}/{part}.txt',
        label_dir=f'labels/{split}/{part}',
    )
    for part in ('train', 'val', 'test')
}
held_out = [f'labels/{split}/val', f'labels/{split}/test']
train_dataloader = dict(
    **loader,
    batch_size=64,
    dataset=dict(
        **lists['train'],
        held_out=held_out,
        windows=11,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(**loader, batch_size=1, dataset=lists['val'])
test_dataloader = dict(**loader, batch_size=1, dataset=lists['test'])
