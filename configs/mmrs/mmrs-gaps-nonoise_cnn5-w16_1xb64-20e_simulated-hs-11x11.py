# The generator has no random input.
_base_ = './mmrs-gaps_cnn5-w16_1xb64-20e_simulated-hs-11x11.py'
model = dict(neck=dict(noise=0))
