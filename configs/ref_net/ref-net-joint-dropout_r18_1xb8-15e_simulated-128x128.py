# Equal losses and dropped sensors.
_base_ = './ref-net-dropout_r18_1xb8-15e_simulated-128x128.py'

head = dict(loss_decode=dict(loss_weight=1.0))
model = dict(modality_heads=dict(opt=head, sar=head))
