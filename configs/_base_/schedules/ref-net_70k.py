# Recipe of REF-Net's authors: AdamW 5e-4 with weight decay 5e-4 on all
# parameters, poly 0.9 by iteration to 0, no warm-up, 70 000 iterations of
# batch 8. Theirs repeats the rate of iteration 1 in iteration 0 and shuffles
# once over all iterations instead of once per pass. A config that takes this
# also takes iteration_runtime.py and an InfiniteSampler.
iterations = 70000
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, weight_decay=5e-4),
)
param_scheduler = [
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0,
        begin=0,
        end=iterations + 1,  # mmengine reaches eta_min one step before
        by_epoch=False,
    )
]
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=iterations, val_interval=2000
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='ModalitySubsetTestLoop')
