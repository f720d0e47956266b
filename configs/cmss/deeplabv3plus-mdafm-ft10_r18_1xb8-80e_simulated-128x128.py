# A tenth of the labels, from the pretrained network.
_base_ = './deeplabv3plus-mdafm-scratch10_r18_1xb8-80e_simulated-128x128.py'

default_hooks = dict(
    pretrained=dict(
        type='PretrainedWeightsHook',
        checkpoint='work_dirs/'
        'deeplabv3plus-mdafm-pre_r18_1xb8-40e_simulated-128x128',
    )
)
