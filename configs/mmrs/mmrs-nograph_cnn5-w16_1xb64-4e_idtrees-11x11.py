# Without the graph.
_base_ = './mmrs_cnn5-w16_1xb64-4e_idtrees-11x11.py'
model = dict(neck=dict(graph=False))
