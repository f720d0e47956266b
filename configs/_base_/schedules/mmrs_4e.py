# As mmrs_200e.py and window_4e.py; the losses begin after one epoch, and grow
# during another.
_base_ = './mmrs_200e.py'

step = _base_.param_scheduler.generator[0]
step.step_size = 1
param_scheduler = dict(generator=[step])
custom_hooks = [dict(type='LossRampHook', begin=1, length=1)]
train_cfg = dict(max_epochs=4, val_interval=2)
