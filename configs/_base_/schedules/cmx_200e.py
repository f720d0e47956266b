# Recipe of CMX's release: AdamW 6e-5 with weight decay 0.01, ten epochs of
# linear warm-up, poly 0.9 by iteration, with the length of the other networks
# on these data: 200 epochs, stop after 20 without a lower validation loss.
_base_ = './joitrinet_200e.py'

optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=6e-5, weight_decay=0.01),
)
warmup = 10
poly = _base_.param_scheduler[0]
poly.begin = warmup
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-3,
        begin=0,
        end=warmup,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
    poly,
]
