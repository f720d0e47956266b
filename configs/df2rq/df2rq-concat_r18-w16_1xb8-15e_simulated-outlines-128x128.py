# The fusion that DF2RQ's authors have published, concatenation.
_base_ = './df2rq_r18-w16_1xb8-15e_simulated-outlines-128x128.py'
model = dict(
    neck=dict(
        _delete_=True,
        type='ConcatMLPNeck',
        in_channels=(16, 128),
        in_index=(0, 3),
    )
)
