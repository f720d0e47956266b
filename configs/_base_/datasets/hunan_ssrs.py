# Hunan as MFNet's authors (SSRS) convert it: 8-bit colours and elevation,
# stretched for each tile between its lowest and its highest number, and labels
# with train ids. Their numbers 5 and 6 (unused land, built-up) come from 8 and
# 9 in the original labels, which the page of the data calls built-up and
# unused land; the conversion is read as it is. Parts are no longer told apart:
# data_prep/hunan.py makes a random split.
_base_ = './multimodal.py'

dataset_type = 'HunanDataset'
data_root = 'data/hunan_ssrs'
split = 'splits/random-622-seed0'
num_classes = 7
in_bytes = [dict(type='ScaleValues', factor=1 / 255)]
modalities = dict(
    opt=dict(
        dir='images_png',
        suffix='.png',
        bands=['R', 'G', 'B'],
        file_bands=['R', 'G', 'B'],
        unit='8-bit stretch of the tile',
        values=in_bytes,
        display=dict(range=[0.0, 1.0]),
    ),
    dem=dict(
        dir='dsm_pngs',
        suffix='.png',
        bands=[0],
        unit='8-bit stretch of the tile',
        values=in_bytes,
        display=dict(range=[0.0, 1.0]),
    ),
)
label = dict(
    dir='masks_png',
    suffix='.tif',
    ids={-1: 255, 0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6},
)

dataset = dict(
    type=dataset_type, data_root=data_root, modalities=modalities, label=label
)
train_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/test.txt'))
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
