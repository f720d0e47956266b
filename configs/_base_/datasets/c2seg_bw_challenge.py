# C2Seg-BW as the patches of the 2023 WHISPERS challenge, which REF-Net was
# trained on. data_prep/c2seg_bw.py writes the split lists. The validation list
# is the test list too, as in REF-Net: there are no other labels.
# Mean and std are the published ones of the training patches, in the units
# after the values: Zhao et al., "Multimodal remote sensing network", WHISPERS
# 2023. REF-Net has the same means, but repeats the optical ones as stds.
_base_ = './c2seg_bw.py'

dataset_type = 'C2SegBWChallengeDataset'
data_root = 'data/c2seg_bw_challenge'
split = 'splits/random-82-seed0'
modalities = dict(
    opt=dict(
        dir='train/msi',
        suffix='.tiff',
        mean=[0.0769, 0.0664, 0.0511, 0.1248],
        std=[0.0510, 0.0455, 0.0378, 0.0663],
    ),
    sar=dict(
        dir='train/sar',
        suffix='.tiff',
        mean=[0.600, 0.395],
        std=[0.115, 0.1025],
    ),
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
data_preprocessor = dict(modalities=modalities)
