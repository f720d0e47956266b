_base_ = [
    '../_base_/models/ref-net_r18.py',
    '../_base_/datasets/ombria.py',
    '../_base_/schedules/adamw_8e.py',
    '../_base_/default_runtime.py',
]
head = dict(num_classes=_base_.num_classes)
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(branches=dict(sar=dict(in_channels=1))),
    decode_head=head,
    modality_heads=dict(opt=head, sar=head),
)
