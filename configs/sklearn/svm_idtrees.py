_base_ = [
    '../_base_/classifiers/svm.py',
    '../_base_/datasets/idtrees.py',
]

# Ten thousand pixels: fewer are tried.
classifier = dict(grid=dict(C=[1.0, 10.0, 100.0], gamma=['scale']))
