# Recipe of MCF-Mamba's authors: AdamW 1e-4 with weight decay 0.01 on all
# parameters, poly 0.9 by iteration to 0, no warm-up, 100 epochs, stop after 10
# epochs without a higher overall accuracy. The configs keep the best by OA.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.01),
)
param_scheduler = [
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0,
        begin=0,
        end=100,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='ModalitySubsetTestLoop')
custom_hooks = [
    dict(
        type='ResumableEarlyStoppingHook',
        monitor='OA',
        rule='greater',
        min_delta=0.0,
        patience=10,
    ),
]
