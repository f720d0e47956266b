# Sen1Floods11 with the official lists: chips of ten floods in all parts.
_base_ = './sen1floods11.py'

split = 'splits/flood_handlabeled'
train_dataloader = dict(dataset=dict(ann_file=f'{split}/flood_train_data.csv'))
val_dataloader = dict(dataset=dict(ann_file=f'{split}/flood_valid_data.csv'))
test_dataloader = dict(dataset=dict(ann_file=f'{split}/flood_test_data.csv'))
