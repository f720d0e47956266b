# The channels with the largest weights of each sample are kept, in the order
# of their weights, as the paper is understood; see the README for why it is
# not the rule.
_base_ = './mbfnet_alexnet_1xb8-200e_dfc2020-256x256.py'
model = dict(neck=dict(select='topk'))
