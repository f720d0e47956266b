# OMBRIA, optical and SAR before and after the flood: four modalities. The
# split lists are those of ombria.py.
_base_ = './ombria.py'

# The images before the flood were not at hand to measure mean and std, which
# data_prep/ombria.py prints with --config ombria_before_after.py.
unmeasured = dict(type='ScaleValues', factor=1 / 255)
modalities = dict(
    opt_before=dict(
        dir='S2/BEFORE',
        suffix='.png',
        bands=[0, 1, 2],
        unit='8-bit composite',
        nodata=0,
        nodata_when='all',
        values=[unmeasured],
    ),
    sar_before=dict(
        dir='S1/BEFORE',
        suffix='.png',
        bands=[0],
        unit='backscatter, 8-bit stretch per image',
        nodata=255,
        values=[unmeasured],
    ),
)
train_dataloader = dict(dataset=dict(modalities=modalities))
val_dataloader = dict(dataset=dict(modalities=modalities))
test_dataloader = dict(dataset=dict(modalities=modalities))
data_preprocessor = dict(modalities=modalities)
