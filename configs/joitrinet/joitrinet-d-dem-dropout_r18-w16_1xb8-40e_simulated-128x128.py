# Each sensor is missing from three tenths of the samples, never all.
_base_ = './joitrinet-d-dem_r18-w16_1xb8-40e_simulated-128x128.py'

dropout = dict(type='ModalityDropout', probs=dict(opt=0.3, sar=0.3, dem=0.3))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.train_pipeline[:-1],
            dropout,
            _base_.train_pipeline[-1],
        ]
    )
)
