# The simulated town for networks that label all pixels of an image: they learn
# crops of 64 x 64 pixels, in which the labelled pixels alone count.
_base_ = './simulated_hs.py'

train_pipeline = [
    dict(type='LoadMultiModalImages'),
    dict(type='LoadLandCover'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomRotate90'),
    dict(type='PackMultiModalInputs'),
]
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        windows=None,
        crops=dict(size=64, count=200),
        pipeline=train_pipeline,
    ),
)
