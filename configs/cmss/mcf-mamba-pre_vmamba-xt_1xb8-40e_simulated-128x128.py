# CMSS pretraining on the training images.
_base_ = [
    '../_base_/models/mcf-mamba_vmamba-xt.py',
    '../_base_/datasets/simulated_masked.py',
    '../_base_/schedules/adamw_40e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='ComplementaryMaskedModeling',
    data_preprocessor=_base_.data_preprocessor,
)
default_hooks = dict(
    checkpoint=dict(save_best='val/masked_error', rule='less'),
    visualization=dict(type='ReconstructionVisualizationHook', draw=True),
)
test_cfg = dict(type='TestLoop')
