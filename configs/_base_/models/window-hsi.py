# The hyperspectral image alone.
_base_ = './window-stack.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='ParallelBackbones',
        branches=dict(hsi=dict(type='WindowEncoder')),
    )
)
