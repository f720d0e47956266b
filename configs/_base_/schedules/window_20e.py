# As window_200e.py, a tenth as long.
_base_ = './window_200e.py'

step = _base_.param_scheduler[0]
step.step_size = 5
param_scheduler = [step]
train_cfg = dict(max_epochs=20, val_interval=5)
