# A tenth of the labels, from scratch: what pretraining is compared with.
_base_ = [
    '../_base_/models/mcf-mamba_vmamba-xt.py',
    '../_base_/datasets/ombria.py',
    '../_base_/schedules/adamw_80e.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
train_dataloader = dict(
    dataset=dict(ann_file=f'{_base_.split}/labels-10/train.txt')
)
