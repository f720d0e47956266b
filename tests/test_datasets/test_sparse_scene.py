"""Windows and crops of scenes with sparse labels: which labels get into them.

The scene has three bands that tell row, column and (a third) neither, so that
every window can be checked against the place that it was cut from.
"""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmseg.registry import DATASETS, MODELS

from fake_data.files import write_tif
from helpers import ROOT
from multimodal_rs.data_prep.fitting import update_fits
from multimodal_rs.datasets.sparse_scene import SparseSceneDataset
from multimodal_rs.models.segmentors.pixel_window_classifier import (
    window_view,
)
from multimodal_rs.utils.outputs import dataset_files

SIZE = (20, 31)
META = dict(classes=('a', 'b', 'c'), palette=[[0, 0, 0]] * 3)
LOAD = [dict(type='LoadMultiModalImages'), dict(type='LoadLandCover')]
PACK = [dict(type='PackMultiModalInputs')]
CENTRE = [*PACK, dict(type='KeepCentreLabel')]
TURNS = [dict(type='RandomFlip', prob=0.5), dict(type='RandomRotate90')]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows, columns = np.indices(SIZE)
    noise = np.random.default_rng(0).normal(size=SIZE)
    hsi = np.stack([rows, columns, noise]).astype('f4')
    write_tif(tmp_path / 'hsi/town.tif', hsi)
    write_tif(tmp_path / 'dsm/town.tif', (rows - columns)[None].astype('f4'))
    train, test = np.zeros((2, 1, *SIZE), np.uint8)
    train[0, 0, 0], train[0, 19, 30], train[0, 7, 3:6] = 1, 2, 3
    train[0, 10, 15] = 1
    test[0, 7, 6:20] = 3  # beside what is trained on
    test[0, 8, 3:6] = 1
    write_tif(tmp_path / 'labels/train/town.tif', train)
    write_tif(tmp_path / 'labels/test/town.tif', test)
    (tmp_path / 'list.txt').write_text('town')
    return tmp_path


def build(root: Path, part: str = 'train', **more) -> SparseSceneDataset:
    modalities = dict(
        hsi=dict(dir='hsi', bands=[0, 1, 2]), dsm=dict(dir='dsm', bands=[0])
    )
    settings = dict(
        type='SparseSceneDataset',
        modalities=modalities,
        label=dict(ids={0: 255, 1: 0, 2: 1, 3: 2}),
        label_dir=f'labels/{part}',
        data_root=str(root),
        ann_file='list.txt',
        metainfo=META,
        pipeline=[*LOAD, *PACK],
    )
    return DATASETS.build(settings | more)


def label_of(root: Path, part: str) -> np.ndarray:
    with rasterio.open(root / f'labels/{part}/town.tif') as file:
        return file.read(1).astype(int)


def test_windows_have_the_label_of_their_centre_alone(folder: Path) -> None:
    dataset = build(folder, windows=11, pipeline=[*LOAD, *CENTRE])
    label = label_of(folder, 'train')
    assert len(dataset) == np.count_nonzero(label) == 6
    seen = []
    for sample in dataset:
        inputs, truth = sample['inputs'], sample['data_samples'].gt_sem_seg
        assert {m: tuple(x.shape) for m, x in inputs.items()} == dict(
            hsi=(3, 11, 11), dsm=(1, 11, 11)
        )
        assert truth.data.shape == (1, 1, 1)
        row, column, _ = inputs['hsi'][:, 5, 5].int().tolist()
        assert truth.data.item() == label[row, column] - 1
        seen.append((row, column))
        rows = [r if r >= 0 else -1 - r for r in range(row - 5, row + 6)]
        rows = [39 - r if r > 19 else r for r in rows]
        assert inputs['hsi'][0, :, 0].int().tolist() == rows
        assert (inputs['dsm'][0] == inputs['hsi'][0] - inputs['hsi'][1]).all()
    assert sorted(seen) == [tuple(p) for p in np.argwhere(label).tolist()]


@pytest.mark.parametrize(
    'parts', [{}, dict(windows=11), dict(crops=dict(size=9, count=60))]
)
def test_files_are_those_of_the_scenes(folder: Path, parts: dict) -> None:
    files = dataset_files(build(folder, **parts))
    assert {str(Path(file).relative_to(folder)) for file in files} == {
        *('list.txt', 'hsi/town.tif', 'dsm/town.tif'),
        'labels/train/town.tif',
    }


@pytest.mark.parametrize('side', [11, 45])
def test_networks_see_the_same_windows_in_tests(
    folder: Path, side: int
) -> None:
    """Also at the border, and if a window is larger than the scene."""
    (scene,) = build(folder, 'test', test_mode=True)
    views = {m: window_view(x, side) for m, x in scene['inputs'].items()}
    for sample in build(folder, windows=side, pipeline=[*LOAD, *CENTRE]):
        middle = sample['inputs']['hsi'][:2, side // 2, side // 2]
        row, column = middle.int().tolist()
        for m, window in sample['inputs'].items():
            assert torch.equal(window, views[m][row, column])


def test_no_other_label_is_in_a_window_before_the_centre_is_taken(
    folder: Path,
) -> None:
    """Neither of the test nor of another pixel of the training."""
    for sample in build(folder, windows=11):
        truth = sample['data_samples'].gt_sem_seg.data
        assert (truth != 255).sum() == 1 and truth[0, 5, 5] != 255


def test_turned_windows_keep_their_centre(folder: Path) -> None:
    dataset = build(folder, windows=5, pipeline=[*LOAD, *TURNS, *CENTRE])
    plain = build(folder, windows=5, pipeline=[*LOAD, *CENTRE])
    turned = 0
    for _ in range(4):
        for one, other in zip(dataset, plain, strict=True):
            pairs = [s['data_samples'].gt_sem_seg.data for s in (one, other)]
            assert pairs[0] == pairs[1]
            x, y = one['inputs']['hsi'], other['inputs']['hsi']
            assert (x[:, 2, 2] == y[:, 2, 2]).all()
            assert x.flatten(1).sort()[0].equal(y.flatten(1).sort()[0])
            turned += not x.equal(y)
    assert turned > 10


def test_samples_follow_seed_and_draws(folder: Path) -> None:
    crops = dict(size=8, count=5)
    more = dict(crops=crops, pipeline=[*LOAD, *TURNS, *PACK])
    one, same = build(folder, **more), build(folder, **more)
    other = build(folder, seed=1, **more)
    first = [x['inputs']['hsi'] for x in one]
    assert all(
        torch.equal(x, y['inputs']['hsi'])
        for x, y in zip(first, same, strict=True)
    )
    for samples in (one, other):  # drawn for the second time; another seed
        again = [x['inputs']['hsi'] for x in samples]
        assert not all(map(torch.equal, first, again))


def test_samples_may_be_changed_in_place(folder: Path) -> None:
    dataset = build(folder, windows=3)
    before = dataset.raw_sample(0)
    before['img'][:] = -7
    before['gt_seg_map'][:] = 7
    assert dataset.raw_sample(0)['img'].min() > -7
    assert dataset.raw_sample(0)['gt_seg_map'][1, 1] != 7


def test_crops_have_the_training_labels_inside(folder: Path) -> None:
    dataset = build(folder, crops=dict(size=9, count=60))
    label = label_of(folder, 'train')
    classes = Counter()
    for sample in dataset:
        truth = sample['data_samples'].gt_sem_seg.data[0].numpy()
        top, left, _ = sample['inputs']['hsi'][:, 0, 0].int().tolist()
        part = label[top : top + 9, left : left + 9]
        assert (truth == np.where(part == 0, 255, part - 1)).all()
        classes.update(np.unique(truth[truth != 255]).tolist())
        assert (truth != 255).any()
    # Each class as often, whatever its pixels; some crops have two.
    assert min(classes.values()) > 10 and set(classes) == {0, 1, 2}


def test_windows_beyond_the_end_of_a_modality_lack_it(folder: Path) -> None:
    dsm = np.ones((1, *SIZE), 'f4')
    dsm[..., 8:] = np.nan  # labels are at columns 0 to 5, 15 and 30
    write_tif(folder / 'dsm/town.tif', dsm)
    for sample in build(folder, windows=5, pipeline=[*LOAD, *CENTRE]):
        inside = sample['inputs']['hsi'][1, 2, 2] < 8
        present = sample['data_samples'].present_modalities
        assert present == (('hsi', 'dsm') if inside else ('hsi',))


def test_tests_are_whole_scenes(folder: Path) -> None:
    (sample,) = build(folder, 'test', test_mode=True)
    truth = sample['data_samples'].gt_sem_seg.data[0].numpy()
    assert sample['inputs']['dsm'].shape == (1, *SIZE)
    label = label_of(folder, 'test')
    assert (truth == np.where(label == 0, 255, label - 1)).all()


def test_batches_reach_a_network(folder: Path) -> None:
    dataset = build(folder, windows=11, pipeline=[*LOAD, *CENTRE])
    batch = pseudo_collate([dataset[i] for i in range(4)])
    preprocessor = MODELS.build(
        dict(
            type='MultiModalSegDataPreProcessor',
            modalities=dataset.metainfo['modalities'],
        )
    )
    data = preprocessor(batch, training=True)
    assert data['inputs']['hsi'].shape == (4, 3, 11, 11)
    for sample in data['data_samples']:
        assert sample.gt_sem_seg.data.shape == (1, 1, 1)


def test_pixels_that_are_held_out_are_not_trained_on(folder: Path) -> None:
    build(folder, windows=3, held_out=['labels/test'])
    with rasterio.open(folder / 'labels/test/town.tif', 'r+') as file:
        label = file.read(1)
        label[7, 4:7] = 3
        file.write(label, 1)
    with pytest.raises(ValueError, match='label 2 pixels in common'):
        build(folder, windows=3, held_out=['labels/test'])
    write_tif(folder / 'labels/test/town.tif', np.ones((1, 3, 3), 'u1'))
    with pytest.raises(ValueError, match=r'\(H, W\) \(3, 3\)'):
        build(folder, windows=3, held_out=['labels/test'])


@pytest.mark.parametrize(
    ('more', 'message'),
    [
        (dict(windows=4), 'an odd number'),
        (dict(windows=3, crops=dict(size=3, count=1)), 'one or the other'),
        (dict(crops=dict(size=21, count=1)), 'crops need 21 x 21'),
        (dict(windows=3, pipeline=PACK), 'begins with'),
        (
            dict(windows=3, label=dict(ids={i: 255 for i in range(4)})),
            'no pixel of 1 scenes is labelled',
        ),
    ],
)
def test_mistakes_are_named(folder: Path, more: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(folder, **more)


def test_numbers_of_other_labels_are_refused(folder: Path) -> None:
    values = [dict(type='Standardize')]
    more = dict(
        modalities=dict(dsm=dict(dir='dsm', bands=[0], values=values)),
        windows=3,
        pipeline=[*LOAD, *CENTRE],
    )
    measured = build(folder, **(more | dict(windows=None)), test_mode=True)
    update_fits(measured, folder / 'stats.json', 'config')
    dataset = build(folder, **more)
    values = torch.stack([x['inputs']['dsm'][0, 1, 1] for x in dataset])
    assert abs(values.mean()) < 1e-6
    assert abs(values.std(correction=0) - 1) < 1e-6
    with rasterio.open(folder / 'labels/train/town.tif', 'r+') as file:
        label = file.read(1)
        label[12, 12] = 1
        file.write(label, 1)
    with pytest.raises(ValueError, match='training pixels, .* have 7'):
        build(folder, **more)
    with rasterio.open(folder / 'labels/train/town.tif', 'r+') as file:
        label[10, 15] = 0  # as many as before, one of them elsewhere
        file.write(label, 1)
    with pytest.raises(ValueError, match="'dsm'. in other places"):
        build(folder, **more)
    # Files from before there were places count the pixels alone.
    stats = json.loads((folder / 'stats.json').read_text())
    for key in ('places', 'values'):
        del stats['config']['fits']['dsm'][key]
    (folder / 'stats.json').write_text(json.dumps(stats))
    assert len(build(folder, **more)) == 6
    update_fits(measured, folder / 'stats.json', 'config')
    stats = json.loads((folder / 'stats.json').read_text())
    assert stats['config']['fits']['dsm']['places']
    assert len(build(folder, **more)) == 6


CONFIGS = [
    'houston2013',
    'berlin',
    'augsburg',
    'augsburg_dsm',
    'trento',
    'trento_blocks',
    'muufl',
    'simulated_hs',
]


@pytest.mark.parametrize('name', CONFIGS)
def test_configs_name_classes_and_keep_parts_apart(name: str) -> None:
    config = Config.fromfile(ROOT / f'configs/_base_/datasets/{name}.py')
    parts = {
        part: config[f'{part}_dataloader'].dataset
        for part in ('train', 'val', 'test')
    }
    kind = DATASETS.get(parts['train'].type)
    classes, palette = kind.METAINFO['classes'], kind.METAINFO['palette']
    assert len(classes) == len(palette) == config.num_classes
    assert len({tuple(c) for c in palette}) == len(palette)
    assert {*kind.LABEL['ids'].values()} == {255, *range(len(classes))}
    folders = {part: parts[part].label_dir for part in parts}
    assert len({*folders.values()}) == 3
    assert set(parts['train'].held_out) == {folders['val'], folders['test']}
    assert not any('windows' in parts[p] for p in ('val', 'test'))
    for declaration in parts['train'].modalities.values():
        assert declaration['bands'] == declaration['file_bands']
    if kind.OFFICIAL and name != 'trento_blocks':
        assert folders['test'] == 'labels/official/test'
        assert [len(c) for c in kind.OFFICIAL.values()] == [len(classes)] * 2


def test_official_sums() -> None:
    sums = {
        name: [sum(c) for c in DATASETS.get(name).OFFICIAL.values()]
        for name in ('Houston2013Dataset', 'BerlinDataset', 'AugsburgDataset')
    }
    assert sums == dict(
        Houston2013Dataset=[2832, 12197],
        BerlinDataset=[2820, 461851],
        AugsburgDataset=[761, 77533],
    )
