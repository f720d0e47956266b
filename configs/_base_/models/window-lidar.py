# LiDAR alone.
_base_ = './window-stack.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='ParallelBackbones',
        branches=dict(lidar=dict(type='WindowEncoder')),
    )
)
