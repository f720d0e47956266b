# Table V: joint learning, no MDAFM (plain addition).
_base_ = './joitrinet-d_r101_1xb8-200e_dongying-256x256.py'
model = dict(neck=dict(_delete_=True, type='SumFusionNeck', in_index=(0,)))
