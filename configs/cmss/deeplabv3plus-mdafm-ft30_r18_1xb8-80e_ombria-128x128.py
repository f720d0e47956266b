# 30 % of the labels, from the pretrained network.
_base_ = './deeplabv3plus-mdafm-ft10_r18_1xb8-80e_ombria-128x128.py'

train_dataloader = dict(
    dataset=dict(ann_file=f'{_base_.split}/labels-30/train.txt')
)
