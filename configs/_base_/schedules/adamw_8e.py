# Short training from scratch: AdamW, linear warm-up, cosine decay. (OneCycleLR
# would do, but puts a method into the checkpoint, which then cannot be loaded
# weights-only.)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.01),
)
epochs, warmup = 8, 1
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.05,
        end=warmup,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-6,
        T_max=epochs - warmup,
        begin=warmup,
        end=epochs,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=epochs, val_interval=2)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='ModalitySubsetTestLoop')
