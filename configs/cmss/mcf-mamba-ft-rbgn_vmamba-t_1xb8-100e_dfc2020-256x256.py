# From the authors' own CMSS checkpoint, with their order of bands:
# tools/convert_weights.py --source mcf-mamba-cmss writes the file.
_base_ = '../mcf_mamba/mcf-mamba-rbgn_vmamba-t_1xb8-100e_dfc2020-256x256.py'

branch = dict(init_cfg=None)  # not ImageNet's weights
model = dict(backbone=dict(branches=dict(opt=branch, sar=branch)))
default_hooks = dict(
    pretrained=dict(
        type='PretrainedWeightsHook',
        checkpoint='work_dirs/mcf-mamba-cmss_authors.pth',
    )
)
