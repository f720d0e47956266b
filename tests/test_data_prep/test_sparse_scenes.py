"""Scenes with sparse labels: forms, splits, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from scipy.io import savemat

from fake_data.files import write_matlab, write_tif
from fake_data.hyperspectral import (
    houston_arrays,
    label_rasters,
    write_houston,
    write_regions,
)
from helpers import ROOT
from multimodal_rs.data_prep import (
    augsburg,
    berlin,
    houston2013,
    labelled_scene,
    muufl,
    trento,
)
from multimodal_rs.data_prep.scene_files import (
    IndexedLabels,
    LabelRaster,
    RegionText,
    Variable,
)
from multimodal_rs.data_prep.sparse_scenes import check_image
from multimodal_rs.data_prep.sparse_splits import (
    BLOCK,
    block_split,
    hold_out_end,
    random_pixels,
    touching,
)
from multimodal_rs.datasets.berlin import AugsburgDataset, BerlinDataset
from multimodal_rs.datasets.houston2013 import Houston2013Dataset
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.datasets.trento import TrentoDataset

ARRAYS = houston_arrays()


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read()


def contents(root: Path) -> dict[Path, tuple[bytes, int]]:
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in root.rglob('*')
        if path.is_file()
    }


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
        (other_size, r"'lidar': \(123, 124\)"),
        (label_of_another_scene, r'expected \(1, 124, 124\)'),
        (no_class, r'train labels: \{16: 192\}'),
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
    assert "{'trees': (1058, 1056), 'water': (141, 143)}" in (
        capsys.readouterr().out
    )


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


def test_regions_of_envi(tmp_path: Path) -> None:
    label = np.zeros((5, 7), np.uint8)
    label[0, 2] = label[4, 6] = 1
    label[3] = 3  # the second region is empty
    write_regions(tmp_path / 'roi.txt', label)
    found = RegionText(tmp_path / 'roi.txt').read((5, 7))
    assert (found == label).all()
    with pytest.raises(ValueError, match='2 labelled pixels lie outside'):
        RegionText(tmp_path / 'roi.txt').read((5, 6))
    write_regions(tmp_path / 'roi.txt', label, shift=0)
    with pytest.raises(ValueError, match=r'such as .* \[\(-1, 1\)'):
        RegionText(tmp_path / 'roi.txt').read((5, 7))
    text = (tmp_path / 'roi.txt').read_text()
    (tmp_path / 'roi.txt').write_text(text.replace('npts: 2', 'npts: 3'))
    with pytest.raises(ValueError, match=r'\[3, 0, 7\] points, .* got 9'):
        RegionText(tmp_path / 'roi.txt').read((5, 7))


SMALL = dict(train=(30, 20, 25, 20, 20, 20, 20, 20), test=(60,) * 8)


def write_pair(root: Path, form: str, scene: str, classes: int) -> dict:
    """Write Berlin or Augsburg in one of its two forms."""
    rng = np.random.default_rng(0)
    bands = dict(berlin=244, augsburg=180)[scene]
    counts = {part: numbers[:classes] for part, numbers in SMALL.items()}
    labels = label_rasters(counts, (30, 40))
    hsi, sar = rng.random((30, 40, bands)), rng.normal(size=(30, 40, 4))
    if form == 's2fl':
        content = dict(
            data_HS_LR=hsi,
            data_SAR_HR=sar,
            TrainImage=labels['train'],
            TestImage=labels['test'],
        )
        for name, array in content.items():
            savemat(root / f'{name}.mat', {name: array})
        savemat(root / 'data_DSM.mat', dict(data_DSM=rng.random((30, 40))))
    else:
        truth = np.maximum(labels['train'], labels['test'])
        content = dict(hsi=hsi, sar=sar, gt=truth)
        for name, array in content.items():
            name = f'{scene}_{name}'
            savemat(root / f'{name}.mat', {name: array})
        places = {
            f'{scene}_{part}': np.argwhere(label)
            for part, label in labels.items()
        }
        savemat(root / f'{scene}_index.mat', places)
    return labels


@pytest.mark.parametrize('form', ['s2fl', 'indexed'])
@pytest.mark.parametrize(
    ('scene', 'command', 'dataset'),
    [
        ('berlin', berlin, BerlinDataset),
        ('augsburg', augsburg, AugsburgDataset),
    ],
)
def test_forms_of_berlin_and_augsburg(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    scene: str,
    command,
    dataset: type,
) -> None:
    classes = len(dataset.METAINFO['classes'])
    labels = write_pair(tmp_path, form, scene, classes)
    with pytest.raises(ValueError, match='the official split has'):
        command.main([str(tmp_path)])
    small = {part: numbers[:classes] for part, numbers in SMALL.items()}
    monkeypatch.setattr(dataset, 'OFFICIAL', small)
    assert command.main([str(tmp_path)]) == 0
    test = read(tmp_path / f'labels/official/test/{scene}.tif')[0]
    assert (test == labels['test']).all()
    assert read(tmp_path / f'scene/sar/{scene}.tif').shape == (4, 30, 40)
    if scene == 'augsburg':
        options = [str(tmp_path), '--config', 'augsburg_dsm.py']
        (tmp_path / f'labels/official/test/{scene}.tif').unlink()
        if form == 's2fl':
            assert command.main(options) == 0
            assert (tmp_path / 'scene/dsm/augsburg.tif').is_file()
        else:
            with pytest.raises(ValueError, match="the config reads 'dsm'"):
                command.main(options)


def test_index_outside_of_the_image(tmp_path: Path) -> None:
    write_pair(tmp_path, 'indexed', 'berlin', 8)
    source = LabelRaster(Variable(tmp_path / 'berlin_gt.mat', 'berlin_gt'))
    path = tmp_path / 'index.mat'
    savemat(path, dict(places=np.array([[0, 0], [40, 30]])))
    labels = IndexedLabels(source, Variable(path, 'places'))
    with pytest.raises(ValueError, match=r'\(row, column\) \[\(40, 30\)\]'):
        labels.read((30, 40))
    savemat(path, dict(places=np.array([[0, 0], [29, 39]])))
    with pytest.raises(ValueError, match='1 of 2 listed pixels have no class'):
        labels.read((30, 40))


def test_trento_takes_training_pixels_out_of_the_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {part: numbers[:6] for part, numbers in SMALL.items()}
    labels = label_rasters(small, (30, 40))
    rng = np.random.default_rng(0)
    write_tif(tmp_path / 'hyper_Italy.tif', rng.random((63, 30, 40)))
    write_tif(tmp_path / 'LiDAR_Italy.tif', rng.random((2, 30, 40)))
    both = np.maximum(labels['train'], labels['test'])
    for name, label in (('Train', labels['train']), ('Test', both)):
        key = f'TNsecSUBS_{name}'
        savemat(tmp_path / f'{key}.mat', {key: label})
    monkeypatch.setattr(TrentoDataset, 'OFFICIAL', small)
    assert trento.main([str(tmp_path)]) == 0
    test = read(tmp_path / 'labels/official/test/trento.tif')[0]
    assert (test == labels['test']).all()


def blocks_label() -> np.ndarray:
    """Five classes in 4 x 5 blocks, each in several of them."""
    rng = np.random.default_rng(0)
    coarse = rng.permutation(np.arange(20) % 5 + 1).reshape(4, 5)
    return coarse.repeat(BLOCK, 0).repeat(BLOCK, 1)


def test_muufl_and_its_blocks(tmp_path: Path) -> None:
    label = blocks_label().astype('f8')
    label[label == 5] = np.random.default_rng(0).integers(
        5, 12, (label == 5).sum()
    )
    label[:3] = -1
    rng = np.random.default_rng(0)
    size = label.shape
    lidar = np.empty(2, object)
    for i in range(2):  # of two flights; the first is read
        lidar[i] = dict(z=rng.random((*size, 2)) + 5 * i)
    hsi = dict(
        Data=rng.random((*size, 64)),
        Lidar=lidar,
        sceneLabels=dict(labels=label),
    )
    savemat(tmp_path / muufl.FILE, dict(hsi=hsi))
    assert muufl.main([str(tmp_path)]) == 0
    assert read(tmp_path / 'scene/lidar/muufl.tif').max() <= 1
    parts = {
        part: read(tmp_path / f'labels/blocks/{part}/muufl.tif')[0]
        for part in ('train', 'val', 'test')
    }
    together = sum(part.astype(int) for part in parts.values())
    assert (together == np.where(label < 0, 0, label)).all()
    savemat(tmp_path / muufl.FILE, dict(hsi=dict(Cube=1)))
    (tmp_path / 'labels/blocks/test/muufl.tif').unlink()
    with pytest.raises(KeyError, match=r"got \['Cube'\] in place of 'Data'"):
        muufl.main([str(tmp_path)])


def test_blocks_hold_whole_blocks_of_a_class() -> None:
    label = blocks_label()
    chosen = block_split(label, seed=0)
    for number in range(1, 6):
        own = label == number
        shares = [
            chosen[r : r + BLOCK, c : c + BLOCK][
                own[r : r + BLOCK, c : c + BLOCK]
            ].mean()
            for r in range(0, label.shape[0], BLOCK)
            for c in range(0, label.shape[1], BLOCK)
            if own[r : r + BLOCK, c : c + BLOCK].any()
        ]
        assert set(shares) == {0.0, 1.0}
    assert (block_split(label, seed=1) != chosen).any()
    assert not chosen[label == 0].any()


def test_held_out_are_one_end_of_each_class() -> None:
    label = np.zeros((6, 20), int)
    label[:, :10], label[0, 12] = 1, 2
    taken = hold_out_end(label)
    assert taken.sum() == 6 and taken[:, 9].all()  # a class of one keeps it


def test_random_pixels_leave_half_of_a_class() -> None:
    label = np.zeros((6, 20), int)
    label[:, :10], label[0, 10:15] = 1, 2
    chosen = random_pixels(label, 20, seed=3)
    assert np.bincount(label[chosen]).tolist() == [0, 20, 2]


def test_a_random_choice_touches_what_it_is_tested_on() -> None:
    label = blocks_label()
    shares = []
    for chosen in (block_split(label, 0), random_pixels(label, 300, 0)):
        train, test = np.where(chosen, label, 0), np.where(chosen, 0, label)
        shares.append(touching(train, test))
    assert shares[0] < 0.2 < 0.99 < shares[1]


def test_nan_pixels_are_remarked(capsys: pytest.CaptureFixture) -> None:
    modality = build_modalities(dict(hsi=dict(bands=['a'], file_bands=['a'])))
    data = np.ones((1, 3, 3))
    data[0, 1, 1] = np.inf
    check_image(data, modality['hsi'], 'hsi.mat')
    assert '1 pixels are NaN' in capsys.readouterr().out


def test_variable_is_found_in_another_spelling(tmp_path: Path) -> None:
    write_matlab(tmp_path / 'a.mat', dict(hsi=np.ones((3, 4)), b=np.ones(3)))
    assert Variable(tmp_path / 'a.mat', 'HSI').read().shape == (1, 3, 4)


OWN = """
_base_ = '{base}'
modalities = dict(hsi=dict(dir='scene/hsi', bands=[1, 0]))
dataset = dict(
    type='SparseSceneDataset',
    modalities=modalities,
    label=dict(ids={{0: 255, **{{i: i - 1 for i in range(1, 6)}}}}),
    metainfo=dict(classes=list('abcde'), palette=[[0, 0, 0]] * 5),
)
parts = {{
    part: dict(
        ann_file=f'splits/blocks/{{part}}.txt',
        label_dir=f'labels/blocks/{{part}}',
    )
    for part in ('train', 'val', 'test')
}}
held_out = ['labels/blocks/val', 'labels/blocks/test']
train_dataloader = dict(
    dataset=dict(**dataset, **parts['train'], held_out=held_out)
)
val_dataloader = dict(dataset=dict(**dataset, **parts['val']))
test_dataloader = dict(dataset=dict(**dataset, **parts['test']))
data_preprocessor = dict(modalities=modalities, num_classes=5)
"""


def test_a_scene_of_ones_own(tmp_path: Path) -> None:
    base = ROOT / 'configs/_base_/datasets/sparse_scene.py'
    (tmp_path / 'own.py').write_text(OWN.format(base=base))
    label = blocks_label()
    cube = np.random.default_rng(0).random((*label.shape, 2))
    savemat(tmp_path / 'a.mat', dict(cube=cube, truth=label, more=1.0))
    words = [str(tmp_path), '--config', str(tmp_path / 'own.py')]
    words += ['--layer', 'hsi=a.mat:cube', '--labels', 'a.mat:truth']
    assert labelled_scene.main(words) == 0
    test = read(tmp_path / 'labels/blocks/test/scene.tif')[0]
    assert (test == np.where(block_split(label, 0), 0, label)).all()
    assert labelled_scene.main([*words, '--check']) == 0
    words[-1] = 'a.mat:nothing'
    (tmp_path / 'labels/blocks/test/scene.tif').unlink()
    with pytest.raises(KeyError, match=r"'nothing', the file has \['cube',"):
        labelled_scene.main(words)
    with pytest.raises(ValueError, match='expected MODALITY=FILE'):
        labelled_scene.main([*words, '--layer', 'a.mat'])
