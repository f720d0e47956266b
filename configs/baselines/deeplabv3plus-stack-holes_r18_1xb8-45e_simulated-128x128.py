# The same three times as long, and for a missing sensor the mean of the
# training tiles: one network has three tasks to learn.
_base_ = './deeplabv3plus-stack-holes_r18_1xb8-15e_simulated-128x128.py'

mean = dict(opt=[0.1808, 0.1871, 0.1921, 0.2818], sar=[0.4979, 0.2322])
model = dict(data_preprocessor=dict(missing=mean))
epochs = 45
warm_up, decay = _base_.param_scheduler
decay.T_max, decay.end = epochs - decay.begin, epochs
param_scheduler = [warm_up, decay]
train_cfg = dict(max_epochs=epochs, val_interval=15)
