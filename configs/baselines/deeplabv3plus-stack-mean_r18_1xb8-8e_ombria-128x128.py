# Early concatenation that gets the mean, not a black image, in the place of a
# sensor that is missing. Trained as without: there, none is missing.
_base_ = './deeplabv3plus-stack_r18_1xb8-8e_ombria-128x128.py'

model = dict(data_preprocessor=dict(missing='mean'))
