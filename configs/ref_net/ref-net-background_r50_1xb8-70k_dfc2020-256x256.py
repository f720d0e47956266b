# The authors' labels: nine outputs, of which the first is never a target. For
# their checkpoints. 'authors/...' are the measures by their convention, by
# which a valid pixel predicted as background does not count.
_base_ = './ref-net_r50_1xb8-70k_dfc2020-256x256.py'

dataset_type = 'DFC2020BackgroundDataset'
num_classes = 9
train_dataloader = dict(dataset=dict(type=dataset_type))
val_dataloader = dict(dataset=dict(type=dataset_type))
test_dataloader = dict(dataset=dict(type=dataset_type))
data_preprocessor = dict(num_classes=num_classes)
model = dict(data_preprocessor=data_preprocessor)
metrics = [
    dict(type='LandCoverMetric'),
    dict(type='LandCoverMetric', left_out=0, prefix='authors'),
]
val_evaluator = [*metrics, _base_.val_evaluator[1]]
test_evaluator = metrics
