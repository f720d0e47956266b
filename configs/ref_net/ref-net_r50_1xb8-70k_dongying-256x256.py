_base_ = [
    '../_base_/models/ref-net_r50.py',
    '../_base_/datasets/dongying.py',
    '../_base_/schedules/ref-net_70k.py',
    '../_base_/iteration_runtime.py',
]
model = dict(data_preprocessor=_base_.data_preprocessor)
train_dataloader = dict(sampler=dict(type='InfiniteSampler', shuffle=True))
