# A head for each modality and dropped sensors.
_base_ = './mcf-mamba-dropout_vmamba-xt_1xb8-40e_simulated-128x128.py'

head = _base_.model.decode_head
model = dict(modality_heads=dict(opt=head, sar=head))
