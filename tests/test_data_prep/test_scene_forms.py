"""Forms in which scenes other than Houston2013 are distributed."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from scipy.io import savemat

from fake_data.files import write_matlab, write_tif
from fake_data.hyperspectral import blocks_label, label_rasters, write_regions
from helpers import ROOT
from multimodal_rs.data_prep import (
    augsburg,
    berlin,
    labelled_scene,
    muufl,
    trento,
)
from multimodal_rs.data_prep.scene_files import (
    IndexedLabels,
    RasterOfLabels,
    RegionText,
)
from multimodal_rs.data_prep.scene_rasters import Variable
from multimodal_rs.data_prep.sparse_splits import block_split
from multimodal_rs.datasets.berlin import AugsburgDataset, BerlinDataset
from multimodal_rs.datasets.trento import TrentoDataset


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read()


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


def coarsen(root: Path, size: tuple[int, int]) -> np.ndarray:
    """Put Berlin's spectra on another grid, (H, W, 244)."""
    hsi = np.random.default_rng(1).random((*size, 244), np.float32)
    savemat(root / 'data_HS_LR.mat', dict(data_HS_LR=hsi))
    return hsi


def test_berlin_on_the_coarse_grid_of_its_spectra(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.setattr(BerlinDataset, 'OFFICIAL', SMALL)
    write_pair(tmp_path, 's2fl', 'berlin', 8)
    hsi = coarsen(tmp_path, (14, 18))  # 14 * 40 / 18 is 31.1
    assert berlin.main([str(tmp_path)]) == 0
    assert 'pixels, 2.222 times as large, are rep' in capsys.readouterr().out
    written = read(tmp_path / 'scene/hsi/berlin.tif')
    assert written.shape == (244, 30, 40)
    for row, column in [(0, 0), (15, 7), (29, 39), (29, 0), (3, 20)]:
        # The centre of the pixel, in pixels of the coarse grid.
        y, x = (row + 0.5) * 14 / 30, (column + 0.5) * 18 / 40
        np.testing.assert_array_equal(
            written[:, row, column], hsi[int(y), int(x)]
        )


@pytest.mark.parametrize('size', [(18, 14), (14, 30), (60, 80)])
def test_spectra_of_other_ground_are_not_stretched(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    write_pair(tmp_path, 's2fl', 'berlin', 8)
    coarsen(tmp_path, size)
    with pytest.raises(ValueError, match='must lie on one grid'):
        berlin.main([str(tmp_path)])


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
        if form == 's2fl':
            assert command.main(options) == 0
            assert (tmp_path / 'scene/dsm/augsburg.tif').is_file()
        else:
            with pytest.raises(ValueError, match="the config reads 'dsm'"):
                command.main(options)


def test_index_outside_of_the_image(tmp_path: Path) -> None:
    write_pair(tmp_path, 'indexed', 'berlin', 8)
    source = RasterOfLabels(Variable(tmp_path / 'berlin_gt.mat', 'berlin_gt'))
    path = tmp_path / 'index.mat'
    savemat(path, dict(places=np.array([[0, 0], [40, 30]])))
    labels = IndexedLabels(source, Variable(path, 'places'))
    with pytest.raises(ValueError, match=r'\(row, column\) \[\(40, 30\)\]'):
        labels.read((30, 40))
    savemat(path, dict(places=np.array([[0, 0], [29, 39]])))
    with pytest.raises(ValueError, match='1 of 2 listed .* together$'):
        labels.read((30, 40))
    labelled = source.read((30, 40)).numbers > 0
    savemat(path, dict(places=np.argwhere(labelled[:-1, :-1]) + 1))
    with pytest.raises(ValueError, match='the list counts from 1, not from 0'):
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


def test_trento_with_one_raster_of_lidar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {part: numbers[:6] for part, numbers in SMALL.items()}
    labels = label_rasters(small, (30, 40))
    content = dict(
        HSI=np.random.default_rng(0).random((30, 40, 63)),
        lidar=np.random.default_rng(1).random((30, 40)),
        TRLabel=labels['train'],
        TSLabel=labels['test'],
    )
    for name, array in content.items():
        savemat(tmp_path / f'{name}.mat', {name: array})
    monkeypatch.setattr(TrentoDataset, 'OFFICIAL', small)
    with pytest.raises(ValueError, match="has 1 bands .* 2 of 'lidar'"):
        trento.main([str(tmp_path)])
    words = [str(tmp_path), '--config', 'trento_lidar1.py']
    assert trento.main(words) == 0
    assert read(tmp_path / 'scene/lidar/trento.tif').shape == (1, 30, 40)


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
    parts = {
        part: read(tmp_path / f'labels/blocks/{part}/muufl.tif')[0]
        for part in ('train', 'val', 'test')
    }
    together = sum(part.astype(int) for part in parts.values())
    assert (together == np.where(label < 0, 0, label)).all()
    (tmp_path / 'scene/lidar/muufl.tif').unlink()  # of another config
    assert muufl.main([str(tmp_path), '--seed', '5']) == 0
    assert read(tmp_path / 'scene/lidar/muufl.tif').max() <= 1
    again = read(tmp_path / 'labels/blocks/train/muufl.tif')
    assert (again == parts['train']).all()
    savemat(tmp_path / muufl.FILE, dict(hsi=dict(Cube=1)))
    (tmp_path / 'splits/blocks/test.txt').unlink()
    with pytest.raises(KeyError, match=r"got \['Cube'\] in place of 'Data'"):
        muufl.main([str(tmp_path)])


def test_regions_of_envi(tmp_path: Path) -> None:
    label = np.zeros((5, 7), np.uint8)
    label[0, 2] = label[4, 6] = 1
    label[3] = 3  # the second region is empty
    write_regions(tmp_path / 'roi.txt', label)
    found = RegionText(tmp_path / 'roi.txt').read((5, 7)).numbers
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


def test_variable_is_found_in_another_spelling(tmp_path: Path) -> None:
    write_matlab(tmp_path / 'a.mat', dict(hsi=np.ones((3, 4)), b=np.ones(3)))
    with Variable(tmp_path / 'a.mat', 'HSI').open() as file:
        assert file.read().shape == (1, 3, 4)


def test_regions_without_a_head(tmp_path: Path) -> None:
    lines = ['1 3 1', '2 4 1', '', '1 1 2', '2 2 2', '3 3 2']
    (tmp_path / 'roi.txt').write_text('\n'.join(lines))
    found = RegionText(tmp_path / 'roi.txt').read((2, 4)).numbers
    assert found.tolist() == [[0, 0, 1, 1], [2, 2, 2, 0]]


def test_muufl_in_single_files(tmp_path: Path) -> None:
    label = blocks_label().astype('f8')
    label[label == 5] = np.arange((label == 5).sum()) % 7 + 5
    label[:3] = -1
    content = dict(
        HSI=np.random.default_rng(0).random((*label.shape, 64)),
        Lidar=np.random.default_rng(1).random((*label.shape, 2)),
        labels=label,
    )
    for name, array in content.items():
        savemat(tmp_path / f'{name}.mat', dict(x=array))
    assert muufl.main([str(tmp_path)]) == 0
    test = read(tmp_path / 'labels/blocks/test/muufl.tif')[0]
    assert not test[:3].any() and len(np.unique(test)) == 12


def test_structure_in_a_new_file_of_matlab(tmp_path: Path) -> None:
    path = tmp_path / muufl.FILE
    write_matlab(path, dict(hsi=np.ones((3, 4))))
    head = b'MATLAB 7.3 MAT-file'.ljust(124) + b'\x00\x02IM'
    path.write_bytes(head + path.read_bytes()[128:])
    with pytest.raises(ValueError, match='cannot be read: NotImplemented'):
        muufl.main([str(tmp_path)])


OWN = """
_base_ = '{base}'
modalities = dict(hsi=dict(dir='scene/hsi', bands=[1, 0]))
dataset = dict(
    type='SparseSceneDataset',
    modalities=modalities,
    label=dict(ids={ids}),
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


FROM_ONE = {0: 255, **{i: i - 1 for i in range(1, 6)}}


def write_own(root: Path, ids: dict[int, int] = FROM_ONE) -> list[str]:
    """Write a config; return the words of a command line with it."""
    base = ROOT / 'configs/_base_/datasets/sparse_scene.py'
    (root / 'own.py').write_text(OWN.format(base=base, ids=ids))
    return [str(root), '--config', str(root / 'own.py')]


def test_a_scene_of_ones_own(tmp_path: Path) -> None:
    words = write_own(tmp_path)
    label = blocks_label()
    cube = np.random.default_rng(0).random((*label.shape, 2))
    savemat(tmp_path / 'a.mat', dict(cube=cube, truth=label, more=1.0))
    words += ['--layer', 'hsi=a.mat:cube', '--labels', 'a.mat:truth']
    assert labelled_scene.main(words) == 0
    test = read(tmp_path / 'labels/blocks/test/scene.tif')[0]
    assert (test == np.where(block_split(label, 0), 0, label)).all()
    assert labelled_scene.main([*words, '--check']) == 0
    words[-1] = 'a.mat:nothing'
    (tmp_path / 'splits/blocks/test.txt').unlink()
    with pytest.raises(KeyError, match=r"'nothing', the file has \['cube',"):
        labelled_scene.main(words)
    with pytest.raises(ValueError, match='expected MODALITY=FILE'):
        labelled_scene.main([*words, '--layer', 'a.mat'])


@pytest.mark.parametrize(
    ('ids', 'of_class', 'none'),
    [
        ({0: 255, 10: 0, 20: 1, 30: 2, 40: 3, 50: 4}, 10, 0),
        ({-1: 255, **{i: i for i in range(5)}}, 1, -1),
        ({255: 255, **{i: i for i in range(5)}}, 1, 255),
        ({0: 255, **{i * 300: i - 1 for i in range(1, 6)}}, 300, 0),
    ],
)
def test_labels_keep_the_numbers_that_are_declared(
    tmp_path: Path, ids: dict, of_class: int, none: int
) -> None:
    words = write_own(tmp_path, ids)
    label = blocks_label()
    label[:5] = 0
    numbers = label.astype('i4') * of_class
    if none:
        numbers = np.where(label, numbers - of_class, none)
    np.save(tmp_path / 'hsi.npy', np.ones((*label.shape, 2), 'f4'))
    np.save(tmp_path / 'label.npy', numbers)
    words += ['--layer', 'hsi=hsi.npy', '--labels', 'label.npy']
    assert labelled_scene.main(words) == 0
    found = np.full(label.shape, none, 'i4')
    for part in ('train', 'val', 'test'):
        raster = read(tmp_path / f'labels/blocks/{part}/scene.tif')[0]
        found = np.where(raster != none, raster, found)
    assert (found == numbers).all()
    assert labelled_scene.main([*words, '--check']) == 0


def test_position_and_nodata_move_along(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    words = write_own(tmp_path)
    label = blocks_label()
    place = dict(crs='EPSG:32632', transform=Affine(2, 0, 5e5, 0, -2, 5e6))
    image = np.ones((2, *label.shape), 'f4')
    image[:, :9] = -9999
    numbers = label.astype('f4')
    numbers[3] = np.nan
    write_tif(tmp_path / 'hsi.tif', image, nodata=-9999, **place)
    write_tif(tmp_path / 'gt.tif', numbers[None], **place)
    words += ['--layer', 'hsi=hsi.tif', '--labels', 'gt.tif']
    assert labelled_scene.main(words) == 0
    assert 'nodata -9999: 1080 pixels' in capsys.readouterr().out
    for path in tmp_path.glob('[sl]*/**/scene.tif'):
        with rasterio.open(path) as file:
            assert file.crs == place['crs']
            assert file.transform == place['transform']
            if 'hsi' in path.parts:
                assert file.nodata == -9999
    (tmp_path / 'splits/blocks/test.txt').unlink()
    place['transform'] *= Affine.translation(3, 0)
    write_tif(tmp_path / 'gt.tif', numbers[None], **place)
    with pytest.raises(ValueError, match='labels must lie where the images'):
        labelled_scene.main(words)
