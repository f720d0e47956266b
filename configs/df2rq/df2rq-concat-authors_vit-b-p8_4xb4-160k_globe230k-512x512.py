# The network of DF2RQ's authors with its 13 outputs, of which the last three
# are never a target: for their checkpoints. They read images as blue, green,
# red; for a network trained so, state bands=['B', 'G', 'R'] of opt.
_base_ = './df2rq-concat_vit-b-p8_4xb4-160k_globe230k-512x512.py'

dataset_type = 'Globe230kSurplusDataset'
num_classes = 13
train_dataloader = dict(dataset=dict(type=dataset_type))
val_dataloader = dict(dataset=dict(type=dataset_type))
test_dataloader = dict(dataset=dict(type=dataset_type))
data_preprocessor = dict(num_classes=num_classes)
model = dict(data_preprocessor=data_preprocessor)
