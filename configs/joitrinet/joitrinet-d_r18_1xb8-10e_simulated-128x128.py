# What `make demo` trains: ten epochs, which take some three minutes on two
# cores.
_base_ = './joitrinet-d_r18_1xb8-15e_simulated-128x128.py'

epochs = 10
warm_up, decay = _base_.param_scheduler
decay.T_max, decay.end = epochs - decay.begin, epochs
param_scheduler = [warm_up, decay]
train_cfg = dict(max_epochs=epochs)
