# SR and DF, with displacements from comparing the classes of the modalities.
_base_ = './df2rq_r18-w16_1xb8-15e_simulated-outlines-128x128.py'
model = dict(neck=dict(match=True))
