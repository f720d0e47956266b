# Fine-tuning as the authors do it: nothing frozen, one learning rate, the
# supervised recipe. They take the weights of the last epoch.
_base_ = '../mcf_mamba/mcf-mamba_vmamba-t_1xb8-100e_dfc2020-256x256.py'

branch = dict(init_cfg=None)  # not ImageNet's weights
model = dict(backbone=dict(branches=dict(opt=branch, sar=branch)))
default_hooks = dict(
    pretrained=dict(
        type='PretrainedWeightsHook',
        checkpoint='work_dirs/'
        'mcf-mamba-pre_vmamba-t_1xb8-300e_dfc2020-256x256/epoch_300.pth',
    )
)
