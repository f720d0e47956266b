_base_ = [
    '../_base_/models/joitrinet-e_r101.py',
    '../_base_/datasets/dongying.py',
    '../_base_/schedules/joitrinet_200e.py',
    '../_base_/default_runtime.py',
]
head = dict(num_classes=5)
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(branches=dict(sar=dict(in_channels=1))),
    decode_head=head,
    modality_heads=dict(opt=head, sar=head),
)
