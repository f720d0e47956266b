_base_ = [
    '../_base_/classifiers/svm.py',
    '../_base_/datasets/simulated_hs.py',
]
