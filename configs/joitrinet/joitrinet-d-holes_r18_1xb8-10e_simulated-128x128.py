# The demo's network trained for sensors that end inside a tile.
_base_ = './joitrinet-d_r18_1xb8-10e_simulated-128x128.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.train_pipeline[:-1],
            dict(type='RandomHoles', probs=dict(opt=0.25, sar=0.25)),
            _base_.train_pipeline[-1],
        ]
    )
)
