# SpaceNet 6 without buildings below 20 square metres, as the organisers'
# baseline was trained.
_base_ = './spacenet6.py'

label = dict(dir='labels_20m2', suffix='.tif', ids={0: 0, 1: 1})
train_dataloader = dict(dataset=dict(label=label))
val_dataloader = dict(dataset=dict(label=label))
test_dataloader = dict(dataset=dict(label=label))
