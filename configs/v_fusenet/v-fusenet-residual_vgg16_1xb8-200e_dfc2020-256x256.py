# What the paper's text says of the virtual encoder.
_base_ = './v-fusenet_vgg16_1xb8-200e_dfc2020-256x256.py'
model = dict(neck=dict(fusion='residual'))
