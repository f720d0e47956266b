# Trained for missing sensors: each is dropped from a quarter of the samples,
# never both, and its mean stands for it.
_base_ = './mcf-mamba_vmamba-xt_1xb8-40e_simulated-128x128.py'

dropout = dict(type='ModalityDropout', probs=dict(opt=0.25, sar=0.25))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.train_pipeline[:-1],
            dropout,
            _base_.train_pipeline[-1],
        ]
    )
)
model = dict(data_preprocessor=dict(missing=_base_.training_means))
