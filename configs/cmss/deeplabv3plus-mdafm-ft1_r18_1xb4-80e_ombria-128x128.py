# 1 % of the labels, from the pretrained network: fewer than a batch of 8.
_base_ = './deeplabv3plus-mdafm-ft10_r18_1xb8-80e_ombria-128x128.py'

train_dataloader = dict(
    batch_size=4,
    dataset=dict(ann_file=f'{_base_.split}/labels-1/train.txt'),
)
