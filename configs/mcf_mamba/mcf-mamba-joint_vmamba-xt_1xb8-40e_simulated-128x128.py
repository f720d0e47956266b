# With a head for each modality, which reads the maps of its encoder and whose
# loss counts as much as that of the fused head: the joint learning of
# JoiTriNet. A missing sensor is answered by the head of the other.
_base_ = './mcf-mamba_vmamba-xt_1xb8-40e_simulated-128x128.py'

head = _base_.model.decode_head
model = dict(modality_heads=dict(opt=head, sar=head))
