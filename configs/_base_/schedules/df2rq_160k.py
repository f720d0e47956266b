# Recipe of DF2RQ's authors for Globe230k: AdamW 3e-5 with weight decay 0.05 on
# all parameters, linear warm-up over 1500 iterations, then linear decay to
# 1e-7, 160 000 iterations of batch 4 on each of 4 GPUs. A config that takes
# this also takes iteration_runtime.py and an InfiniteSampler. Their runs scale
# the rate with the batch, without saying so; here auto_scale_lr.enable=True
# asks for it.
iterations, warmup = 160000, 1500
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=3e-5, weight_decay=0.05),
)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-6,
        begin=0,
        end=warmup,
        by_epoch=False,
    ),
    dict(
        type='PolyLR',
        power=1.0,
        eta_min=1e-7,
        begin=warmup,
        end=iterations,
        by_epoch=False,
    ),
]
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=iterations, val_interval=16000
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='ModalitySubsetTestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=16)
