# The same three times as long, and for a missing sensor the mean of the
# training tiles: one network has three tasks to learn.
_base_ = './deeplabv3plus-stack-holes_r18_1xb8-15e_simulated-128x128.py'

model = dict(data_preprocessor=dict(missing=_base_.training_means))
epochs = 45
warm_up, decay = _base_.param_scheduler
decay.T_max, decay.end = epochs - decay.begin, epochs
param_scheduler = [warm_up, decay]
train_cfg = dict(max_epochs=epochs, val_interval=15)
