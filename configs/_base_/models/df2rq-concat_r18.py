# The fusion that DF2RQ's authors have published, concatenation, with the
# encoders and the head of df2rq_r18.py.
_base_ = './df2rq_r18.py'

model = dict(
    neck=dict(
        _delete_=True,
        type='ConcatMLPNeck',
        in_channels=(64, 512),
        in_index=(0, 3),
    )
)
