# DFC2020 as in the contest: trained on weak labels, MODIS at 500 m, validated
# and tested on the labels at 10 m.
_base_ = './dfc2020_rgb.py'

train_dataloader = dict(dataset=dict(type='DFC2020MODISDataset'))
