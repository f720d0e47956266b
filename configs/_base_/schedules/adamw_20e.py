# As adamw_8e.py, for fewer tiles: 20 epochs, validation every fifth.
_base_ = './adamw_8e.py'

epochs = 20
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=epochs,
        pct_start=0.3,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
train_cfg = dict(max_epochs=epochs, val_interval=5)
