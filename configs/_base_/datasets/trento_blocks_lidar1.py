# Trento with the split by blocks, from a copy whose LiDAR is one raster.
_base_ = './trento_blocks.py'

modalities = dict(lidar=dict(bands=['l1'], file_bands=['l1']))
dataset = dict(modalities=modalities)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
data_preprocessor = dict(modalities=modalities)
