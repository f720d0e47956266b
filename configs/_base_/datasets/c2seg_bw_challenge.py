# C2Seg-BW as the patches of the 2023 WHISPERS challenge, which REF-Net was
# trained on. data_prep/c2seg_bw.py writes the split lists. The validation list
# is the test list too, as in REF-Net: there are no other labels.
# Published means of the training patches are 511, 664, 769, 1248 and -16.0,
# -24.2, stds 378, 455, 510, 663 and 4.6, 4.1 (Zhao et al., "Multimodal remote
# sensing network", WHISPERS 2023; REF-Net has the same means): reflectance x
# 10000 and dB. Scaled as the scenes are, to 0..1.
_base_ = './c2seg_bw.py'

dataset_type = 'C2SegBWChallengeDataset'
data_root = 'data/c2seg_bw_challenge'
split = 'splits/random-82-seed0'
modalities = dict(
    opt=dict(dir='train/msi', suffix='.tiff'),
    sar=dict(dir='train/sar', suffix='.tiff'),
)

dataset = dict(type=dataset_type, data_root=data_root, modalities=modalities)
train_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
test_dataloader = dict(dataset=dict(**dataset, ann_file=f'{split}/val.txt'))
data_preprocessor = dict(modalities=modalities)
