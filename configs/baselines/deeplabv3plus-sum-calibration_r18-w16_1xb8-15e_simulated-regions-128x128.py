# As the config without "calibration" in its name, trained with other gains,
# offsets and speckle.
_base_ = './deeplabv3plus-sum_r18-w16_1xb8-15e_simulated-regions-128x128.py'

train_dataloader = dict(dataset=dict(pipeline=_base_.calibration_pipeline))
