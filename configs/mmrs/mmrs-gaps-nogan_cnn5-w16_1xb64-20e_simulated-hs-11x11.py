# Without a discriminator; what is missing is generated all the same.
_base_ = './mmrs-gaps_cnn5-w16_1xb64-20e_simulated-hs-11x11.py'
model = dict(adversarial=False)
optim_wrapper = dict(discriminator=None)
