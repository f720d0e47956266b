# A sensor is missing from two thirds of the training windows, always the same
# ones: about a third has no LiDAR, a third no hyperspectral image. Tests have
# both, and each alone.
_base_ = './mmrs_cnn5-w16_1xb64-20e_simulated-hs-11x11.py'

gaps = dict(type='ModalityDropout', probs=dict(hsi=0.4, lidar=0.4), fixed=0)
*before, packing, centre = _base_.train_pipeline
train_dataloader = dict(
    dataset=dict(pipeline=[*before, gaps, packing, centre])
)
