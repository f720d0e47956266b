# Two encoders of windows, whose cells attend to those of the other sensor.
_base_ = './window-concat.py'
model = dict(neck=dict(_delete_=True, type='CrossAttentionNeck', channels=128))
