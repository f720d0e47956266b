# Early concatenation trained for sensors that are missing or end inside a
# tile: either is cut out of some samples, in part or altogether.
_base_ = './deeplabv3plus-stack_r18_1xb8-15e_simulated-128x128.py'

probs = dict(opt=0.25, sar=0.25)
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.train_pipeline[:-1],
            dict(type='RandomHoles', probs=probs),
            dict(type='ModalityDropout', probs=probs),
            _base_.train_pipeline[-1],
        ]
    )
)
