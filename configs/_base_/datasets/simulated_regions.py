# The simulated data, tested at home and in eight other regions:
# `data_prep/simulate.py data/simulated_regions --size 128 --regions 8`.
_base_ = './simulated.py'

data_root = 'data/simulated_regions'
root = dict(dataset=dict(data_root=data_root))
train_dataloader = root
val_dataloader = root
# No batch has tiles of two regions: all have a multiple of four.
test_dataloader = dict(
    batch_size=4,
    dataset=dict(
        data_root=data_root, ann_file='splits/default/everywhere.txt'
    ),
)
test_evaluator = [
    dict(type='LandCoverMetric'),
    dict(
        type='PlaceMetric',
        places=dict(home='_Simulated_', abroad='_Abroad[A-Z]_'),
    ),
]
# Places that normalisation adapts to, one by one.
every_place = dict(
    home='_Simulated_',
    **{f'abroad {letter}': f'_Abroad{letter}_' for letter in 'ABCDEFGH'},
)
# Training with other gains of the bands (sun, air, calibration), offsets of
# SAR in units of 25 dB (calibration, incidence angle), and more speckle.
calibration_pipeline = [
    *_base_.train_pipeline[:-1],
    dict(
        type='RandomCalibration',
        modality='opt',
        gain=0.2,
        band_gain=0.05,
        offset=0.02,
        band_offset=0.005,
    ),
    dict(
        type='RandomCalibration',
        modality='sar',
        offset=0.08,
        band_offset=0.03,
    ),
    dict(type='RandomSpeckle', looks=6),
    _base_.train_pipeline[-1],
]
