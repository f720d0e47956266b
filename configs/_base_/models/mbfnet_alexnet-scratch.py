# MBFNet from scratch, for data that is not like photographs.
_base_ = './mbfnet_alexnet.py'

encoder = dict(init_cfg=None)
model = dict(backbone=dict(branches=dict(opt=encoder, sar=encoder)))
