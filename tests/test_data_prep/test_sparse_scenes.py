"""Scenes with sparse labels: forms, splits, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from scipy.io import savemat

from fake_data.hyperspectral import (
    houston_arrays,
    write_houston,
)
from helpers import contents
from multimodal_rs.data_prep import (
    houston2013,
)
from multimodal_rs.data_prep.sparse_scenes import check_numbers
from multimodal_rs.data_prep.sparse_splits import (
    hold_out_end,
)
from multimodal_rs.datasets.houston2013 import Houston2013Dataset

ARRAYS = houston_arrays()


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read()


@pytest.mark.parametrize('form', ['contest', 'v5', 'v7.3'])
def test_forms_of_houston_are_one_scene(
    tmp_path: Path, form: str, capsys: pytest.CaptureFixture
) -> None:
    write_houston(tmp_path, form, ARRAYS)
    assert houston2013.main([str(tmp_path)]) == 0
    hsi = read(tmp_path / 'scene/hsi/houston2013.tif')
    assert (hsi == ARRAYS['HSI'].transpose(2, 0, 1)).all()
    lidar = read(tmp_path / 'scene/lidar/houston2013.tif')
    assert (lidar[0] == ARRAYS['LiDAR']).all()
    train, val, test = (
        read(tmp_path / f'labels/official/{part}/houston2013.tif')[0]
        for part in ('train', 'val', 'test')
    )
    assert (np.maximum(train, val) == ARRAYS['TRLabel']).all()
    assert (test == ARRAYS['TSLabel']).all()
    assert not ((train > 0) & (val > 0)).any()
    counts = np.bincount(val.ravel(), minlength=16)[1:]
    official = np.array(Houston2013Dataset.OFFICIAL['train'])
    assert (counts == np.round(official / 10)).all()
    written = contents(tmp_path)
    capsys.readouterr()
    if form == 'v5':  # the files that it came from may be gone by then
        (tmp_path / 'HSI.mat').unlink()
        written.pop(tmp_path / 'HSI.mat')
    assert houston2013.main([str(tmp_path)]) == 0
    assert 'images and labels stay as they are' in capsys.readouterr().out
    assert contents(tmp_path) == written
    assert houston2013.main([str(tmp_path), '--check']) == 0
    assert 'Nothing wrong was found' in capsys.readouterr().out


def test_numbers_are_measured_on_training_pixels_alone(tmp_path: Path) -> None:
    """Whatever stands in all other pixels, the same numbers come out."""
    found = []
    for number in (0, 1):
        root = tmp_path / str(number)
        hsi = ARRAYS['HSI'].astype('f4')
        trained = ARRAYS['TRLabel'] > 0
        trained &= ~hold_out_end(ARRAYS['TRLabel'])
        if number:
            hsi[~trained] = np.nan
            hsi[0, -1] = ARRAYS['HSI'][0, -1]  # a band without numbers is none
        write_houston(root, 'v5', dict(ARRAYS, HSI=hsi))
        houston2013.main([str(root)])
        stats = json.loads((root / 'splits/official/stats.json').read_text())
        found.append(stats['houston2013'])
    assert found[0]['fits'] == found[1]['fits']
    assert found[0]['modalities'] == found[1]['modalities']
    fit = found[0]['fits']['hsi']['steps'][0]
    values = ARRAYS['HSI'][trained].astype('f8')
    np.testing.assert_allclose(fit['mean'], values.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(fit['std'], values.std(axis=0), rtol=1e-6)


def test_numbers_of_other_images_are_measured_again(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """As many pixels of the same tile, but with other values."""

    def mean(config: str) -> list[float]:
        stats = json.loads(
            (tmp_path / 'splits/official/stats.json').read_text()
        )
        return stats[config]['fits']['lidar']['steps'][0]['mean']

    write_houston(tmp_path, 'v5', ARRAYS)
    arguments = ([], ['--config', 'houston2013_pca.py'])
    for more in arguments:
        houston2013.main([str(tmp_path), *more])
    before = mean('houston2013')
    write_houston(tmp_path, 'v5', ARRAYS | dict(LiDAR=ARRAYS['LiDAR'] / 4))
    (tmp_path / 'scene/lidar/houston2013.tif').unlink()
    houston2013.main([str(tmp_path), '--random', '20'])  # writes the image
    capsys.readouterr()
    for more in arguments:
        assert houston2013.main([str(tmp_path), '--check', *more]) == 1
        said = capsys.readouterr().out
        assert 'lidar were measured on other images' in said
        assert 'hsi were' not in said
    houston2013.main([str(tmp_path)])
    said = capsys.readouterr().out
    assert 'lidar: measured on' in said and 'hsi: measured on' not in said
    np.testing.assert_allclose(mean('houston2013'), np.divide(before, 4))
    # A config that declares the modality alike does not keep the old ones.
    assert mean('houston2013_pca') == mean('houston2013')
    for more in arguments:
        assert houston2013.main([str(tmp_path), '--check', *more]) == 0


def without_key(arrays: dict) -> None:
    arrays['LiDAR.mat'] = dict(height=arrays['LiDAR'], other=arrays['LiDAR'])


def transposed(arrays: dict) -> None:
    arrays['HSI'] = arrays['HSI'].transpose(2, 0, 1)


def fewer_bands(arrays: dict) -> None:
    arrays['HSI'] = arrays['HSI'][..., :143]


def nan_band(arrays: dict) -> None:
    arrays['HSI'] = arrays['HSI'].astype('f4')
    arrays['HSI'][..., 7] = np.nan


def other_size(arrays: dict) -> None:
    arrays['LiDAR'] = arrays['LiDAR'][1:]


def label_of_another_scene(arrays: dict) -> None:
    arrays['TSLabel'] = arrays['TSLabel'][:, 1:]


def no_class(arrays: dict) -> None:
    arrays['TRLabel'][arrays['TRLabel'] == 3] = 16


def one_pixel_less(arrays: dict) -> None:
    for name in ('TRLabel', 'TSLabel'):
        for number in range(1, 16):
            row, column = np.argwhere(arrays[name] == number)[0]
            arrays[name][row, column] = 0


def all_labels(arrays: dict) -> None:
    both = np.maximum(arrays['TRLabel'], arrays['TSLabel'])
    arrays['TSLabel'] = both


def no_training_pixel(arrays: dict) -> None:
    arrays['TRLabel'][arrays['TRLabel'] == 6] = 7


def fractions(arrays: dict) -> None:
    arrays['TRLabel'] = arrays['TRLabel'] / 2


@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (without_key, r"expected the variable 'LiDAR', .* \['height', 'other"),
        (transposed, 'has 124 bands .* expected 144 .* on another axis'),
        (fewer_bands, 'has 143 bands .* expected 144'),
        (nan_band, r'bands \[7\] \(from 0\) hold no number at all'),
        (other_size, r'\(124, 124\) of hsi and \(123, 124\) of lidar'),
        (label_of_another_scene, r'expected \(1, 124, 124\)'),
        (no_class, r'train labels: label ids \{16: 192\}'),
        (one_pixel_less, '2817 labelled pixels, the official split has 2832'),
        (all_labels, '2832 pixels are labelled for training and for testing'),
        (no_training_pixel, r"\['water'\] have no training pixel"),
        (fractions, 'no whole numbers'),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, spoil, message: str) -> None:
    arrays = {k: v.copy() for k, v in ARRAYS.items()}
    spoil(arrays)
    extra = arrays.pop('LiDAR.mat', None)
    write_houston(tmp_path, 'v5', arrays)
    if extra:
        savemat(tmp_path / 'LiDAR.mat', extra)
    with pytest.raises((ValueError, KeyError), match=message):
        houston2013.main([str(tmp_path)])
    assert not (tmp_path / 'splits').exists()
    assert not (tmp_path / 'labels').exists()


def test_other_counts_with_the_official_sum_are_remarked(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    arrays = {k: v.copy() for k, v in ARRAYS.items()}
    changed = np.argwhere(arrays['TSLabel'] == 6)[:2]
    arrays['TSLabel'][tuple(changed.T)] = 4
    write_houston(tmp_path, 'v5', arrays)
    assert houston2013.main([str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "{'trees': (1058, 1056), 'water': (141, 143)}" in said
    assert 'another order' not in said


def test_other_order_of_the_classes_is_remarked(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    order = np.array([0, 2, 1, *range(3, 16)], np.uint8)
    arrays = dict(ARRAYS, TSLabel=order[ARRAYS['TSLabel']])
    write_houston(tmp_path, 'v5', arrays)
    assert houston2013.main([str(tmp_path)]) == 0
    assert 'numbered in another order?' in capsys.readouterr().out


def test_random_split_says_so(tmp_path: Path) -> None:
    write_houston(tmp_path, 'v5', ARRAYS)
    houston2013.main([str(tmp_path), '--random', '20'])
    assert [p.name for p in (tmp_path / 'splits').iterdir()] == [
        'random-20-seed0'
    ]
    parts = [
        read(tmp_path / f'labels/random-20-seed0/{part}/houston2013.tif')
        for part in ('train', 'val', 'test')
    ]
    assert [np.count_nonzero(part) for part in parts] == [
        18 * 15,
        2 * 15,
        15029 - 20 * 15,
    ]


def test_check_finds_pixels_in_two_rasters(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    write_houston(tmp_path, 'v5', ARRAYS)
    houston2013.main([str(tmp_path)])
    path = tmp_path / 'labels/official/test/houston2013.tif'
    with rasterio.open(path, 'r+') as file:
        label = file.read(1)
        label[ARRAYS['TRLabel'] == 2] = 2
        file.write(label, 1)
    capsys.readouterr()
    assert houston2013.main([str(tmp_path), '--check']) == 1
    assert 'pixels in common' in capsys.readouterr().out


def test_missing_files_of_each_form_are_listed(tmp_path: Path) -> None:
    (tmp_path / 'HSI.mat').touch()
    with pytest.raises(FileNotFoundError, match=r"LiDAR.mat: \['LiDAR.mat'"):
        houston2013.main([str(tmp_path)])


def test_nan_pixels_are_remarked(capsys: pytest.CaptureFixture) -> None:
    data = np.ones((1, 3, 3))
    data[0, 1, 1] = np.inf
    check_numbers(data, 'hsi.mat')
    assert '1 pixels are NaN' in capsys.readouterr().out
