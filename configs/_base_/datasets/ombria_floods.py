# OMBRIA with four floods kept apart: trained on the others, tested on official
# test tiles of the others (home) and on all tiles of those four (apart).
# data_prep/ombria.py writes the lists, and says which tiles they are.
_base_ = './ombria.py'

split = 'splits/floods-seed0'
train_dataloader = dict(dataset=dict(ann_file=f'{split}/train.txt'))
val_dataloader = dict(dataset=dict(ann_file=f'{split}/val.txt'))
# One tile at a time: no batch may have tiles of two places.
test_dataloader = dict(
    batch_size=1, dataset=dict(ann_file=f'{split}/test.txt')
)
sand = '/00([0-2].|3[01])$|/03(1[3-9]|[23].|4[01])$'  # 1-31, 313-341
green = '/0(25[89]|2[6-9].|30.|31[0-2])$'  # 258-312
grey = '/0(399|4[0-2].|43[0-5])$'  # 399-435
cloud = '/07(2[1-9]|[3-8].)$'  # 721-787
apart = f'({sand}|{green}|{grey}|{cloud})'
test_evaluator = [
    dict(type='LandCoverMetric'),
    dict(type='PlaceMetric', places=dict(home=f'^(?!.*{apart})', apart=apart)),
]
# Places that normalisation adapts to, one by one.
every_place = dict(
    home=f'^(?!.*{apart})', sand=sand, green=green, grey=grey, cloud=cloud
)
