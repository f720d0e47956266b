# Two optimisers. The classifier's cross entropy alone for ten epochs, then
# ten over which the other losses grow to their weights. No recipe of MMRS is
# published: all of this is ours.
optim_wrapper = dict(
    constructor='NamedOptimWrapperConstructor',
    generator=dict(
        type='OptimWrapper',
        optimizer=dict(type='Adam', lr=1e-3, weight_decay=5e-4),
    ),
    discriminator=dict(
        type='OptimWrapper',
        optimizer=dict(type='Adam', lr=2e-4, betas=(0.5, 0.999)),
    ),
)
param_scheduler = dict(
    generator=[dict(type='StepLR', step_size=50, gamma=0.5, by_epoch=True)],
    discriminator=[],
)
custom_hooks = [dict(type='LossRampHook', begin=10, length=10)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=200, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='ModalitySubsetTestLoop')
