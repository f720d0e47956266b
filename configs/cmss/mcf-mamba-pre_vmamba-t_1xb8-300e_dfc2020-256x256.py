# CMSS pretraining with the network and recipe of the authors. They use all
# tiles that are not for testing: set `ann_file` to their train_list.txt of
# ratio 1.0 to do so, too.
_base_ = [
    '../_base_/models/mcf-mamba_vmamba-t.py',
    '../_base_/datasets/dfc2020_rgbn_masked.py',
    '../_base_/schedules/cmss_300e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='ComplementaryMaskedModeling',
    data_preprocessor=_base_.data_preprocessor,
)
# No batch norm: the last, smaller batch counts too.
train_dataloader = dict(drop_last=False)
default_hooks = dict(
    checkpoint=dict(save_best='val/masked_error', rule='less'),
    visualization=dict(type='ReconstructionVisualizationHook', draw=True),
)
