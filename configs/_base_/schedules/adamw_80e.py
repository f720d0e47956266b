# As adamw_8e.py, for few labels: with a tenth of them 80 epochs are as many
# iterations as 8 with all. Validation every tenth epoch.
_base_ = './adamw_8e.py'

epochs, warmup = 80, 8
warm_up, decay = _base_.param_scheduler
warm_up.end = decay.begin = warmup
decay.T_max, decay.end = epochs - warmup, epochs
param_scheduler = [warm_up, decay]
train_cfg = dict(max_epochs=epochs, val_interval=10)
