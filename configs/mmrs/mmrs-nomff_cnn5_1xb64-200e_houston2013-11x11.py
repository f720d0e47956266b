# Without fusion of tokens: the classifier reads the completed vector.
_base_ = './mmrs_cnn5_1xb64-200e_houston2013-11x11.py'
model = dict(neck=dict(fusion=False), decode_head=dict(in_channels=256))
