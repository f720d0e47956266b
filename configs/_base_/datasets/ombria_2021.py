# OMBRIA, tested on the four floods of 2021, of which nothing is trained on.
# Any config of OMBRIA is tested on them by an option of tools/test.py,
# `--test-on ombria_2021.py`. The split lists are those of ombria.py.
_base_ = './ombria.py'

# Batches of one tile, so that normalisation can adapt to each flood.
test_dataloader = dict(
    batch_size=1, dataset=dict(ann_file=f'{_base_.split}/2021.txt')
)
every_place = '^2021/([^/]+)/'
test_evaluator = [
    dict(type='LandCoverMetric'),
    dict(type='PlaceMetric', places=every_place),
]
