# A tenth of the labels, from the pretrained network.
_base_ = './mcf-mamba-scratch10_vmamba-xt_1xb8-80e_simulated-128x128.py'

default_hooks = dict(
    pretrained=dict(
        type='PretrainedWeightsHook',
        checkpoint='work_dirs/'
        'mcf-mamba-pre_vmamba-xt_1xb8-40e_simulated-128x128',
    )
)
