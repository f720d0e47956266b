# DDHR, Pohang.
_base_ = './dongying.py'
dataset_type = 'PohangDataset'
data_root = 'data/ddhr/korea'
dataset = dict(type=dataset_type, data_root=data_root)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
