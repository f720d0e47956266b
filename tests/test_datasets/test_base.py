import random

import numpy as np
import pytest
from mmseg.registry import DATASETS
from torch.utils.data import DataLoader

MODALITIES = dict(opt=dict(dir='opt', bands=[0]), sar=dict(bands=[0, 1]))


class Draw:
    """A pipeline step that reports what it draws."""

    def __call__(self, results):
        return (
            results['sample_id'],
            float(np.random.rand()),
            random.random(),
        )


def build(tmp_path, lines=('a', 'b', 'c'), **changes):
    (tmp_path / 'split.txt').write_text('\n'.join(lines))
    return DATASETS.build(
        dict(
            type='MultiModalSegDataset',
            data_root=str(tmp_path),
            ann_file='split.txt',
            modalities=MODALITIES,
            label=dict(dir='label', suffix='.png'),
            metainfo=dict(classes=('x', 'y'), palette=[[0, 0, 0], [9, 9, 9]]),
            pipeline=[Draw()],
        )
        | changes
    )


def test_records_and_paths(tmp_path):
    dataset = build(tmp_path, ('# comment', 'a', '', 'sub/b'))
    assert len(dataset) == 2
    info = dataset.get_data_info(1)
    assert info['sample_id'] == 'sub/b'
    assert info['img_paths'] == dict(
        opt=f'{tmp_path}/opt/sub/b.tif', sar=f'{tmp_path}/sub/b.tif'
    )
    assert info['img_path'] == info['img_paths']['opt']
    assert info['seg_map_path'] == f'{tmp_path}/label/sub/b.png'
    assert list(info['modalities']) == ['opt', 'sar']


def test_metainfo_is_plain_data(tmp_path):
    meta = build(tmp_path).metainfo['modalities']
    assert meta['sar'] == {'bands': [0, 1]} and type(meta['sar']) is dict


def test_augmentation_depends_on_seed_index_and_draw_only(tmp_path):
    first, second = build(tmp_path), build(tmp_path)
    a = [first[i] for i in (0, 1, 0, 2)]
    b = [second[i] for i in (2, 0, 1, 0)]
    assert sorted(a) == sorted(b)
    assert a[0] != a[2]  # the same tile, drawn twice
    other = build(tmp_path, seed=1)
    assert other[0] != a[0]


def test_workers_do_not_change_the_augmentation(tmp_path):
    alone = sorted(build(tmp_path)[i] for i in range(3))
    loader = DataLoader(build(tmp_path), num_workers=2, collate_fn=list)
    assert sorted(s for batch in loader for s in batch) == alone


def test_a_resumed_epoch_draws_what_it_would_have_drawn(tmp_path):
    dataset = build(tmp_path)
    epochs = [[dataset[i] for i in range(3)] for _ in range(3)]
    resumed = build(tmp_path)
    resumed.draws.fill_(2)
    assert [resumed[i] for i in range(3)] == epochs[2]


def test_testing_draws_nothing(tmp_path):
    dataset = build(tmp_path, test_mode=True)
    np.random.seed(5)
    drawn = dataset[0][1]
    np.random.seed(5)
    assert drawn == np.random.rand()


@pytest.mark.parametrize('line', ['../b', 'a/../../b', '/etc/b', 'C:b'])
def test_ids_that_leave_the_folder_are_refused(tmp_path, line):
    with pytest.raises(ValueError, match='split.txt: the sample id .* leaves'):
        build(tmp_path, ('a', line)).full_init()


def test_empty_split_list(tmp_path):
    with pytest.raises(ValueError, match=r'split.txt lists no tile'):
        build(tmp_path, ('', '# nothing'))


def test_missing_split_list(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.txt' does not exist"):
        build(tmp_path, ann_file='none.txt')


def test_label_ids_beyond_the_classes(tmp_path):
    with pytest.raises(ValueError, match=r'map to \[2\], but the 2 classes'):
        build(tmp_path, label=dict(ids={1: 0, 2: 2, 0: 255}))
    with pytest.raises(KeyError, match=r"unknown \['folder'\]"):
        build(tmp_path, label=dict(folder='x'))


def test_without_labels(tmp_path):
    dataset = build(tmp_path, label=False)
    assert 'seg_map_path' not in dataset.get_data_info(0)


@pytest.mark.parametrize('ids', [{1: -1}, {1: -100}])
def test_negative_train_ids_are_refused(tmp_path, ids):
    with pytest.raises(ValueError, match='and 255 is ignored'):
        build(tmp_path, label=dict(ids=ids))


def test_another_ignored_id_is_refused(tmp_path):
    with pytest.raises(ValueError, match='ignore_index=3, but'):
        build(tmp_path, ignore_index=3)


def test_byte_order_mark_of_a_list(tmp_path):
    dataset = build(tmp_path, ('\ufeffa', 'b'))
    assert dataset.get_data_info(0)['sample_id'] == 'a'


def test_folders_without_labels_need_no_list(tmp_path):
    unlabeled = dict(label=False, ann_file='')
    modalities = dict(MODALITIES, sar=dict(dir='sar', bands=[0]))
    with pytest.raises(ValueError, match=r"tiles found: .*opt/\*.tif\)': 0"):
        build(tmp_path, modalities=modalities, **unlabeled)
    for path in ('opt/b', 'opt/x/a', 'opt/c', 'sar/b', 'sar/x/a', 'sar/d'):
        file = tmp_path / f'{path}.tif'
        file.parent.mkdir(exist_ok=True, parents=True)
        file.touch()
    dataset = build(tmp_path, modalities=modalities, **unlabeled)
    tiles = [dataset.get_data_info(i)['sample_id'] for i in range(2)]
    assert len(dataset) == 2 and tiles == ['b', 'x/a']
    modalities['sar']['optional'] = True
    assert len(build(tmp_path, modalities=modalities, **unlabeled)) == 3
    with pytest.raises(FileNotFoundError, match="split list ''"):
        build(tmp_path, ann_file='')


def test_label_ids_survive_a_dumped_config(tmp_path):
    from mmengine.config import Config

    cfg = Config(dict(label=dict(dir='label', ids={10: 0, 20: 1, -1: 255})))
    cfg.dump(tmp_path / 'dumped.py')
    label = Config.fromfile(tmp_path / 'dumped.py').label
    assert build(tmp_path, label=label).label.ids == {10: 0, 20: 1, -1: 255}


@pytest.mark.parametrize('test_mode', [False, True])
def test_without_labels_nothing_is_known_of_classes(tmp_path, test_mode):
    dataset = build(
        tmp_path, label=False, metainfo=None, test_mode=test_mode, pipeline=[]
    )
    info = dataset[0]
    assert 'seg_map_path' not in info
    assert info['num_classes'] == 0
    assert dataset.metainfo['classes'] == ()


def test_a_pipeline_that_wants_labels_is_named(tmp_path):
    dataset = build(
        tmp_path, label=False, pipeline=[dict(type='LoadLandCover')]
    )
    with pytest.raises(ValueError, match='got label=False: set it, or take'):
        dataset[0]
