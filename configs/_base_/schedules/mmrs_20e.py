# As mmrs_200e.py, a tenth as long; the losses begin and grow in three epochs.
_base_ = './mmrs_200e.py'

step = _base_.param_scheduler.generator[0]
step.step_size = 5
param_scheduler = dict(generator=[step])
custom_hooks = [dict(type='LossRampHook', begin=3, length=3)]
train_cfg = dict(max_epochs=20, val_interval=5)
