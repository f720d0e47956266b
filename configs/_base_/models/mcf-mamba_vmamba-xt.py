# MCF-Mamba small enough to train from scratch on small data without a GPU:
# a third of the width, fewer blocks, smaller states.
_base_ = './mcf-mamba_vmamba-t.py'

arch = dict(_delete_=True, depths=(1, 1, 2, 1), base_channels=32, state_size=4)
encoder = dict(arch=arch, drop_path_rate=0.1, init_cfg=None)
channels = (32, 64, 128, 256)
model = dict(
    backbone=dict(branches=dict(opt=encoder, sar=encoder)),
    neck=dict(channels=channels, state_size=4),
    decode_head=dict(
        in_channels=channels, depth=1, state_size=4, mlp_ratio=2.0
    ),
)
