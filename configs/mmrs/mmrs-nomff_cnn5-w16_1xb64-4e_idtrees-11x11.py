# Without fusion of tokens: the classifier reads the completed vector.
_base_ = './mmrs_cnn5-w16_1xb64-4e_idtrees-11x11.py'
model = dict(neck=dict(fusion=False), decode_head=dict(in_channels=64))
