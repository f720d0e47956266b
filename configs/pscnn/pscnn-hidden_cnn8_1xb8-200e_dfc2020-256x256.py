# The two 3x3 convolutions before the decision layer, as in the original.
_base_ = './pscnn_cnn8_1xb8-200e_dfc2020-256x256.py'
model = dict(neck=dict(hidden=(256, 128)))
