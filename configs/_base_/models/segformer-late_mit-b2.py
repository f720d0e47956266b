# Late fusion: a network per modality, the mean of their answers.
_base_ = './segformer_mit-b2.py'

branch = _base_.model.backbone.branches.opt
head = _base_.model.decode_head
model = dict(
    _delete_=True,
    type='LateFusionSegmentor',
    backbone=dict(
        type='ParallelBackbones', branches=dict(opt=branch, sar=branch)
    ),
    modality_heads=dict(opt=head, sar=head),
    test_cfg=dict(mode='whole'),
)
