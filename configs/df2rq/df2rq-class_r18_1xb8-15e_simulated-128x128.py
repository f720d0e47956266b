# A query per class instead of one per region, with a loss of its own.
_base_ = './df2rq_r18_1xb8-15e_simulated-128x128.py'
model = dict(neck=dict(queries='class', reconstruction='class'))
