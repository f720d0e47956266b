# MRSDC (Xu et al., TGRS 2018) in its original form, for windows of 11x11:
# both branches flattened, a dense layer of 128. `in_channels` of the neck
# holds for 144 bands, see WindowTwoTunnelBranch. Trained from end to end, not
# in three stages.
model = dict(
    type='PixelWindowClassifier',
    window=11,
    backbone=dict(
        type='ParallelBackbones',
        branches=dict(
            hsi=dict(type='WindowTwoTunnelBranch'),
            lidar=dict(type='WindowCascadeBranch'),
        ),
    ),
    neck=dict(type='MRSDCNeck', in_channels=dict(hsi=26880, lidar=4608)),
    decode_head=dict(type='WindowHead', in_channels=128),
    test_cfg=dict(mode='whole', labelled_only=True),
)
