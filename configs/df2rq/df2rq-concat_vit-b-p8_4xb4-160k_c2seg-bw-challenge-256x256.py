# Network and recipe of DF2RQ's authors for C2Seg-BW with three modalities:
# that of Globe230k at ten times the rate. They start from weights of Segmenter
# and train on Beijing's patches of their own; here from scratch, on those of
# the challenge and with its means and stds, of which the hyperspectral bands
# have none.
_base_ = [
    '../_base_/models/df2rq-concat_vit-b-p8.py',
    '../_base_/datasets/c2seg_bw_challenge_hsi.py',
    '../_base_/schedules/df2rq_160k.py',
    '../_base_/iteration_runtime.py',
]
crop_size = (256, 256)
train_pipeline = [
    *_base_.load,
    dict(type='RandomResize', scale=crop_size, ratio_range=(0.5, 2.0)),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackMultiModalInputs'),
]
train_dataloader = dict(
    batch_size=4,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(pipeline=train_pipeline),
)
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(encoder=dict(img_size=crop_size)),
)
optim_wrapper = dict(optimizer=dict(lr=3e-4))
default_hooks = dict(checkpoint=dict(interval=16000))
sync_bn = 'torch'
