# As adamw_8e.py, for few labels: with a tenth of them 80 epochs are as many
# iterations as 8 with all. Validation every tenth epoch.
_base_ = './adamw_8e.py'

epochs, warmup = 80, 8
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
train_cfg = dict(max_epochs=epochs, val_interval=10)
