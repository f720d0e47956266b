# As mcf-mamba_100e.py, for pretraining, with the authors' 300 epochs. They do
# not validate; the validation here only shows how far it is.
_base_ = './mcf-mamba_100e.py'

poly = _base_.param_scheduler[0]
poly.end = 300
param_scheduler = [poly]
train_cfg = dict(max_epochs=300, val_interval=10)
test_cfg = dict(type='TestLoop')
custom_hooks = []
