# The weights are told which modality is right: see EvidenceLoss.
_base_ = './df2rq_r18-w16_1xb8-15e_simulated-outlines-128x128.py'
model = dict(
    neck=dict(evidence=dict(temperature=0.5, weight=0.1, balance=0.01))
)
