# CMNeXt: a MiT-B2 for the first modality, one light branch for all others.
# Without a bias in the joining convolution, otherwise the head of CMX.
_base_ = './cmx_mit-b2.py'

model = dict(backbone=dict(type='CMNeXt'), decode_head=dict(fuse_bias=False))
