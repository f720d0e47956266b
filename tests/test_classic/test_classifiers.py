"""Classical classifiers: their features, what chooses, what they write."""

import json
from pathlib import Path

import numpy as np
import pytest

import baselines_sklearn
from fake_data.files import write_tif
from multimodal_rs.classic.classifiers import (
    build_classifier,
    measures_of,
    score,
    subsets,
    train_best,
)
from multimodal_rs.classic.features import Pixels, read_pixels
from multimodal_rs.data_prep import simulate_hs
from multimodal_rs.results.record import read_record


def blobs(count: int, seed: int) -> Pixels:
    """Two classes that one modality separates, the other does not."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 2, count).astype('u1')
    features = dict(
        hsi=rng.normal(size=(count, 3)) + 4 * classes[:, None],
        lidar=rng.normal(size=(count, 1)),
    )
    return Pixels({m: x.astype('f4') for m, x in features.items()}, classes)


@pytest.mark.parametrize(
    ('kind', 'grid'),
    [('svm', dict(C=[1.0])), ('forest', dict(n_estimators=[20]))],
)
def test_classes_that_differ_are_told_apart(kind: str, grid: dict) -> None:
    train, test = blobs(80, 0), blobs(300, 1)
    accuracy = {}
    for names in subsets(['hsi', 'lidar']):
        best, _ = train_best(kind, 0, grid, train, test, names)
        matrix = score(best, test, names, 2)
        assert matrix.sum() == 300
        plain, single = measures_of(matrix, ['a', 'b'])
        accuracy[names] = plain['OA']
        assert single['PA'].keys() == {'a', 'b'}
    assert accuracy['hsi', 'lidar'] > 95 and accuracy[('hsi',)] > 95
    assert accuracy[('lidar',)] < 65


def test_the_validation_chooses() -> None:
    train, val = blobs(60, 0), blobs(200, 1)
    grid = dict(C=[1e-6, 10.0], gamma=[0.1, 1e4])
    _, chosen = train_best('svm', 0, grid, train, val, ('hsi',))
    assert chosen == dict(C=10.0, gamma=0.1)
    with pytest.raises(ValueError, match="'svm', 'forest'"):
        build_classifier('tree', 0, {})


def test_features_are_those_of_windows(tmp_path: Path) -> None:
    rows, columns = np.indices((9, 8))
    data = np.stack([rows, columns]).astype('f4')
    data[:, 4, 6] = np.nan
    write_tif(tmp_path / 'hsi/a.tif', data)
    label = np.zeros((1, 9, 8), np.uint8)
    label[0, 2, 3], label[0, 4, 4] = 1, 2
    write_tif(tmp_path / 'label/a.tif', label)
    (tmp_path / 'list.txt').write_text('a')
    settings = dict(
        type='SparseSceneDataset',
        modalities=dict(
            hsi=dict(dir='hsi', bands=[0, 1], mean=[2.0, 3.0], std=[2.0, 1.0])
        ),
        label=dict(dir='label', ids={0: 255, 1: 0, 2: 1}),
        data_root=str(tmp_path),
        ann_file='list.txt',
        metainfo=dict(classes=('x', 'y'), palette=[[0, 0, 0]] * 2),
        pipeline=[],
        test_mode=True,
    )
    alone = read_pixels(settings, 1)
    assert alone.classes.tolist() == [0, 1]
    assert alone.features['hsi'].tolist() == [[0, 0], [1, 1]]
    around = read_pixels(settings, 5).features['hsi']
    spread = np.sqrt(2)
    expected = [0, 0, 0, 0, spread / 2, spread]
    np.testing.assert_allclose(around[0], expected, atol=1e-6)
    # One of 25 pixels is invalid, and counts as the mean.
    offsets = np.arange(-2, 3)
    own = np.broadcast_to(1 + offsets, (5, 5)).copy()
    own[2, 4] = 0
    np.testing.assert_allclose(around[1, 3], own.mean(), atol=1e-6)
    # Nobody may learn from pixels of the test.
    write_tif(tmp_path / 'test/a.tif', np.where(label == 2, 1, 0).astype('u1'))
    with pytest.raises(ValueError, match='label 1 pixels in common'):
        read_pixels(dict(settings, held_out=['test']), 1)


def test_tool_leaves_records_that_tables_take(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    town = tmp_path / 'town'
    words = ['--size', '240', '120', '--train', '10', '--test', '15']
    simulate_hs.main([str(town), *words])
    config = 'configs/sklearn/rf_simulated-hs.py'
    config = Path(__file__).parents[2] / config
    words = [str(config), '--data-root', str(town)]
    words += ['--work-dir', str(tmp_path / 'runs')]
    assert baselines_sklearn.main(words) == 0
    path = tmp_path / 'runs/rf_simulated-hs/seed-0/record.json'
    record = read_record(path)
    assert record.config == 'configs/sklearn/rf_simulated-hs.py'
    assert list(record.measures) == ['hsi+lidar', 'hsi', 'lidar']
    chance = 100 / 15
    assert record.measures['hsi+lidar']['OA'] > 4 * chance
    assert (record.method, record.dataset) == (
        'random forest, single pixels',
        'simulated town',
    )
    assert len(record.classes['hsi']['PA']) == 15
    before = path.stat().st_mtime_ns
    assert baselines_sklearn.main(words) == 0  # kept
    assert 'rf_simulated-hs | hsi+lidar' in capsys.readouterr().out
    assert path.stat().st_mtime_ns == before
    assert json.loads(path.read_text())['seeds'] == [0]
    assert record.options == [f'data_root={town}']
    with pytest.raises(ValueError, match='has a run with the options'):
        baselines_sklearn.main([words[0], *words[3:]])  # of another folder
    changed = tmp_path / config.name
    changed.write_text(f'_base_ = {str(config)!r}\nclassifier = dict(seed=1)')
    with pytest.raises(ValueError, match='has a run of another config than'):
        baselines_sklearn.main([str(changed), *words[1:]])
    with pytest.raises(SystemExit):
        baselines_sklearn.main([str(changed), *words])
    assert 'expected file names that differ' in capsys.readouterr().err


def test_a_data_set_of_tiles_is_no_list_of_pixels() -> None:
    settings = dict(type='MultiModalSegDataset', data_root='nowhere')
    with pytest.raises(TypeError, match='got MultiModalSegDataset: set type='):
        read_pixels(settings, 1)
