# The fusing layer sees 5x5 cells; the original sees 6x6.
_base_ = './mrsdc_cascade_1xb8-200e_dfc2020-256x256.py'
model = dict(neck=dict(kernel_size=5))
