# Early concatenation trained for missing modalities: each sensor is dropped
# from a quarter of the samples (never both), and its mean stands for it;
# speckle and illumination change.
_base_ = './deeplabv3plus-stack_r18_1xb8-8e_ombria-128x128.py'

# OMBRIA's values are 8-bit: SAR stretched from roughly 25 dB to 255.
augmentation = [
    dict(type='RandomSpeckle', modality='sar', looks=20.0, db_scale=10.0),
    dict(
        type='RandomBrightnessContrast',
        modality='opt',
        brightness=5.0,
        contrast=0.1,
    ),
    dict(type='ModalityDropout', probs=dict(opt=0.25, sar=0.25)),
]
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.train_pipeline[:-1],
            *augmentation,
            _base_.train_pipeline[-1],
        ]
    )
)
model = dict(data_preprocessor=dict(missing='mean'))
