# The simulated data, tested at home and in four other regions:
# `data_prep/simulate.py data/simulated_regions --size 128 --regions 4`.
_base_ = './simulated.py'

data_root = 'data/simulated_regions'
root = dict(dataset=dict(data_root=data_root))
train_dataloader = root
val_dataloader = root
test_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file='splits/default/everywhere.txt')
)
test_evaluator = [
    dict(type='LandCoverMetric'),
    dict(
        type='PlaceMetric',
        places=dict(home='_Simulated_', abroad='_Abroad[A-Z]_'),
    ),
]
