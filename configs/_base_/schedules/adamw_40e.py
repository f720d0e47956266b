# As adamw_8e.py, for 40 epochs of few tiles: validation every fifth.
_base_ = './adamw_8e.py'

epochs, warmup = 40, 2
warm_up, decay = _base_.param_scheduler
warm_up.end = decay.begin = warmup
decay.T_max, decay.end = epochs - warmup, epochs
param_scheduler = [warm_up, decay]
train_cfg = dict(max_epochs=epochs, val_interval=5)
