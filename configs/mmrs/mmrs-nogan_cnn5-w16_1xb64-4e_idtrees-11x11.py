# Without a discriminator; what is missing is generated all the same.
_base_ = './mmrs_cnn5-w16_1xb64-4e_idtrees-11x11.py'
model = dict(adversarial=False)
optim_wrapper = dict(discriminator=None)
