# Without generator: a learned vector stands in for what is missing.
_base_ = './mmrs_cnn5-w16_1xb64-4e_idtrees-11x11.py'
model = dict(adversarial=False, neck=dict(generation=False))
optim_wrapper = dict(discriminator=None)
