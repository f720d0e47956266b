# SegFormer with MiT-B0 from scratch and half the head's width, for small data
# and processors without a GPU.
_base_ = './segformer_mit-b2.py'

encoder = dict(embed_dims=32, num_layers=[2, 2, 2, 2], init_cfg=None)
model = dict(
    backbone=dict(branches=dict(opt=encoder)),
    decode_head=dict(in_channels=(32, 64, 160, 256), channels=256),
)
