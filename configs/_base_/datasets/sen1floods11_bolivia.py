# Sen1Floods11, official lists, tested on the flood that is held out.
_base_ = './sen1floods11_official.py'

split = 'splits/flood_handlabeled'
test_dataloader = dict(
    dataset=dict(ann_file=f'{split}/flood_bolivia_data.csv')
)
