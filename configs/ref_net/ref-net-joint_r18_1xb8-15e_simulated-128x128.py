# The losses of the modality heads count as much as that of the fused head, as
# in the joint learning of JoiTriNet, instead of 0.005 of it.
_base_ = './ref-net_r18_1xb8-15e_simulated-128x128.py'

head = dict(loss_decode=dict(loss_weight=1.0))
model = dict(modality_heads=dict(opt=head, sar=head))
