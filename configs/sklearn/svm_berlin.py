_base_ = [
    '../_base_/classifiers/svm.py',
    '../_base_/datasets/berlin.py',
]
