# Trained for missing modalities three times as long, with sensors that end
# inside a tile as well, and the optical image missing from half of the
# samples: without it the network was weakest.
_base_ = './deeplabv3plus-stack-dropout_r18_1xb8-8e_ombria-128x128.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.train_pipeline[:-1],
            *_base_.augmentation[:-1],
            dict(type='RandomHoles', probs=dict(opt=0.5, sar=0.25)),
            dict(type='ModalityDropout', probs=dict(opt=0.5, sar=0.25)),
            _base_.train_pipeline[-1],
        ]
    )
)
epochs = 24
warm_up, decay = _base_.param_scheduler
decay.T_max, decay.end = epochs - decay.begin, epochs
param_scheduler = [warm_up, decay]
train_cfg = dict(max_epochs=epochs, val_interval=8)
