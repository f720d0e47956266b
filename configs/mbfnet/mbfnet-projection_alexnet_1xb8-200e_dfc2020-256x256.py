# Channels are mixed by a 1x1 convolution instead of being selected.
_base_ = './mbfnet_alexnet_1xb8-200e_dfc2020-256x256.py'
model = dict(neck=dict(select='projection'))
