# PIE-RGB-SAR: colours and one channel of Gaofen-3, 8 bits.
# data_prep/pie_rgb_sar.py writes the split lists and prints mean and std. The
# published ones (ASANet, another repository) differ, and the stds of ASANet
# are those of another data set, so values are only scaled.
_base_ = './multimodal.py'

dataset_type = 'PIERGBSARDataset'
data_root = 'data/pie_rgb_sar'
split = 'splits/official-seed0'
num_classes = 6
in_bytes = [dict(type='ScaleValues', factor=1 / 255)]
modalities = dict(
    opt=dict(
        dir='rgb',
        bands=['R', 'G', 'B'],
        file_bands=['R', 'G', 'B'],
        unit='8-bit composite',
        values=in_bytes,
        display=dict(range=[0.0, 1.0]),
    ),
    sar=dict(
        dir='sar',
        bands=[0],
        unit='8-bit stretch of the scene',
        values=in_bytes,
        display=dict(range=[0.0, 1.0]),
    ),
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/test.txt'))
data_preprocessor = dict(modalities=modalities, num_classes=num_classes)
