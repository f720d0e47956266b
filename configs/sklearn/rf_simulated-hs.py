_base_ = [
    '../_base_/classifiers/forest.py',
    '../_base_/datasets/simulated_hs.py',
]
