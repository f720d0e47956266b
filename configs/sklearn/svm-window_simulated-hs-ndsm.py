# Heights above the ground in the place of those above the sea, see
# configs/mmrs/README.md.
_base_ = './svm-window_simulated-hs.py'
dataset = dict(data_root='data/simulated_hs_ndsm')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
