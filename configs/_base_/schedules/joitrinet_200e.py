# Recipe of the JoiTriNet paper: SGD 1e-3, 200 epochs, stop after 20 epochs
# without a lower validation loss. Momentum, weight decay and schedule are not
# stated there: we take SGD with momentum 0.9 and weight decay 1e-4 and, as in
# the authors' trainer, poly 0.9 by iteration.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=1e-4),
)
param_scheduler = [
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0,
        begin=0,
        end=200,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=200, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='ModalitySubsetTestLoop')
# The validation loss is the cross entropy of the fused output.
custom_hooks = [
    dict(
        type='ResumableEarlyStoppingHook',
        monitor='val/cross_entropy',
        rule='less',
        min_delta=0.0,
        patience=20,
    ),
]
