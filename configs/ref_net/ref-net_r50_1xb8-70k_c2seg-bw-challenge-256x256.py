_base_ = [
    '../_base_/models/ref-net_r50.py',
    '../_base_/datasets/c2seg_bw_challenge.py',
    '../_base_/schedules/ref-net_70k.py',
    '../_base_/iteration_runtime.py',
]
head = dict(num_classes=_base_.num_classes)
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(
        branches=dict(opt=dict(in_channels=4), sar=dict(in_channels=2))
    ),
    decode_head=head,
    modality_heads=dict(opt=head, sar=head),
)
train_dataloader = dict(sampler=dict(type='InfiniteSampler', shuffle=True))
