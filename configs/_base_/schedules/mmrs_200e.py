# Two optimisers. The classifier's cross entropy alone for ten epochs, then ten
# over which the other losses grow to their weights. No recipe of MMRS is
# published: all of this is ours.
_base_ = './window_200e.py'

optim_wrapper = dict(
    _delete_=True,
    constructor='NamedOptimWrapperConstructor',
    generator=_base_.optim_wrapper,
    discriminator=dict(
        type='OptimWrapper',
        optimizer=dict(type='Adam', lr=2e-4, betas=(0.5, 0.999)),
    ),
)
param_scheduler = dict(
    _delete_=True, generator=_base_.param_scheduler, discriminator=[]
)
custom_hooks = [dict(type='LossRampHook', begin=10, length=10)]
