# Early concatenation: the bands of all modalities as one image.
_base_ = './segformer_mit-b2.py'

branch = _base_.model.backbone.branches.opt
model = dict(
    backbone=dict(
        _delete_=True,
        type='StackedBackbone',
        backbone=branch,
    ),
)
