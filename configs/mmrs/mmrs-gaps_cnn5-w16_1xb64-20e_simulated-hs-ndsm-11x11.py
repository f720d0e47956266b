# Heights above the ground in the place of those above the sea; README.md says
# how the folder is made.
_base_ = './mmrs-gaps_cnn5-w16_1xb64-20e_simulated-hs-11x11.py'
dataset = dict(data_root='data/simulated_hs_ndsm')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
