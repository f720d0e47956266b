"""Reading tiles and labels, and what is wrong with them."""

import zipfile

import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from fake_data.files import write_tif
from fake_data.numbered import LOAD, PACK, SIZE, build, make_tile


@pytest.mark.parametrize('rule, ignored', [('any', 60), ('all', 0)])
def test_label_can_be_ignored_where_invalid(tmp_path, rule, ignored):
    make_tile(tmp_path)
    sar = np.zeros((2, *SIZE), 'float32')
    sar[:, :6, :10] = np.nan
    write_tif(tmp_path / 'sar' / 't1.tif', sar)
    load = [LOAD[0], dict(type='LoadLandCover', ignore_invalid=rule)]
    label = build(tmp_path, [*load, PACK])[0]['data_samples'].gt_sem_seg
    assert (label.data == 255).sum() == ignored


def test_optional_modality_may_lack(tmp_path):
    make_tile(tmp_path)
    (tmp_path / 'dem' / 't1.tif').unlink()
    write_tif(
        tmp_path / 'sar' / 't1.tif', np.full((2, *SIZE), np.nan, 'float32')
    )
    optional = dict(dem=dict(optional=True), sar=dict(optional=True))
    data = build(tmp_path, [*LOAD, PACK], declare=optional)[0]
    assert data['data_samples'].present_modalities == ('opt', 'hsi')
    assert data['inputs']['dem'].shape == (1, *SIZE)
    assert data['inputs']['dem'].isnan().all()


class TestBadInput:
    def test_missing_tile(self, tmp_path):
        make_tile(tmp_path)
        (tmp_path / 'dem' / 't1.tif').unlink()
        with pytest.raises(FileNotFoundError, match='dem.t1.tif'):
            build(tmp_path, [*LOAD, PACK])[0]

    def test_all_nan_tile(self, tmp_path):
        make_tile(tmp_path)
        nothing = np.full((2, *SIZE), np.nan, 'float32')
        write_tif(tmp_path / 'sar' / 't1.tif', nothing)
        with pytest.raises(ValueError, match="'t1' has no valid sar pixel"):
            build(tmp_path, [*LOAD, PACK])[0]

    def test_sizes_differ_between_modalities(self, tmp_path):
        make_tile(tmp_path)
        write_tif(
            tmp_path / 'dem' / 't1.tif', np.zeros((1, 12, 16), 'float32')
        )
        with pytest.raises(
            ValueError, match=r"one grid.*'dem': \(12, 16\).*tile 't1'"
        ):
            build(tmp_path, [*LOAD, PACK])[0]

    def test_size_of_the_label(self, tmp_path):
        make_tile(tmp_path)
        write_tif(
            tmp_path / 'label' / 't1.tif', np.zeros((1, 12, 16), 'uint8')
        )
        with pytest.raises(ValueError, match=r'label of tile .t1.*\(12, 16\)'):
            build(tmp_path, [*LOAD, PACK])[0]

    def test_label_outside_the_class_list(self, tmp_path):
        make_tile(tmp_path)
        label = np.zeros((1, *SIZE), 'int16')
        label[0, 0, :3] = 7
        label[0, 1, 0] = -1
        write_tif(tmp_path / 'label' / 't1.tif', label)
        with pytest.raises(ValueError, match=r'ids \{-1: 1, 7: 3\}'):
            build(tmp_path, [*LOAD, PACK])[0]
        known = {0: 0, 7: 2, -1: 255}
        dataset = build(
            tmp_path, [*LOAD, PACK], label=dict(dir='label', ids=known)
        )
        data = dataset[0]['data_samples'].gt_sem_seg.data[0]
        assert data[0, :4].tolist() == [2, 2, 2, 0]
        assert data[1, 0] == 255

    def test_labels_of_any_type(self, tmp_path):
        make_tile(tmp_path)
        ids = {0: 0, 1: 1, -(2**31): 255, 70000: 2}
        dataset = build(
            tmp_path, [*LOAD, PACK], label=dict(dir='label', ids=ids)
        )
        label = np.zeros((1, *SIZE), 'int32')
        label[0, 0, :3] = (1, 70000, -(2**31))
        write_tif(tmp_path / 'label' / 't1.tif', label)
        read = dataset[0]['data_samples'].gt_sem_seg.data[0, 0, :4]
        assert read.tolist() == [1, 2, 255, 0]
        fraction = np.zeros((1, *SIZE), 'float32')
        fraction[0, 0, :2] = (1.0, 1.5)
        write_tif(tmp_path / 'label' / 't1.tif', fraction)
        with pytest.raises(ValueError, match=r'ids \{1.5: 1\}'):
            dataset[0]

    def test_band_that_the_file_lacks(self, tmp_path):
        make_tile(tmp_path)
        with pytest.raises(ValueError, match='has 1 bands'):
            build(tmp_path, [*LOAD, PACK], declare=dict(dem=dict(bands=[1])))[
                0
            ]

    def test_unknown_modality_in_a_transform(self, tmp_path):
        make_tile(tmp_path)
        step = dict(type='RandomSpeckle', modality='radar')
        with pytest.raises(KeyError, match="unknown modality 'radar'"):
            build(tmp_path, [*LOAD, step, PACK])[0]
        with pytest.raises(ValueError, match='probabilities'):
            TRANSFORMS.build(dict(type='ModalityDropout', probs=dict(opt=1.5)))


def test_a_label_may_be_loaded_after_resizing_in_a_test(tmp_path):
    make_tile(tmp_path)
    resize = dict(type='Resize', scale=(16, 12), keep_ratio=False)
    images, label = LOAD
    pipeline = [images, resize, label, PACK]
    with pytest.raises(ValueError, match=r"'t1' have .*\(12, 16\), the label"):
        build(tmp_path, pipeline)[0]
    data = build(tmp_path, pipeline, test_mode=True)[0]
    assert data['inputs']['opt'].shape == (3, 12, 16)
    assert data['data_samples'].gt_sem_seg.data.shape == (1, *SIZE)
    label = dict(label, ignore_invalid='any')
    with pytest.raises(ValueError, match='load the label before resizing'):
        build(tmp_path, [images, resize, label, PACK])[0]


def test_a_label_of_colours_is_refused(tmp_path):
    make_tile(tmp_path)
    write_tif(tmp_path / 'label' / 't1.tif', np.ones((3, *SIZE), 'uint8'))
    with pytest.raises(ValueError, match='one band .* got 3: .*colors='):
        build(tmp_path, LOAD)[0]


def test_a_file_with_other_bands_than_declared_is_refused(tmp_path):
    """Read by position, its bands would be mistaken for others."""
    make_tile(tmp_path)
    names = dict(file_bands=['B4', 'B3', 'B2', 'B8'], bands=['B4', 'B3', 'B2'])
    dataset = build(tmp_path, LOAD, declare=dict(opt=names))
    with pytest.raises(ValueError, match='has 3 bands, expected 4'):
        dataset[0]


def test_an_optional_modality_may_be_missing_in_an_archive(tmp_path):
    make_tile(tmp_path)
    archive = tmp_path / 'sar.zip'
    with zipfile.ZipFile(archive, 'w') as file:
        file.write(tmp_path / 'sar' / 't1.tif', 'other.tif')
    folder = f'/vsizip/{archive}'
    declare = dict(sar=dict(dir=folder, optional=True))
    dataset = build(tmp_path, LOAD, declare=declare)
    assert dataset[0]['present_modalities'] == ('opt', 'dem', 'hsi')
    declare['sar']['suffix'] = '.tif'
    with zipfile.ZipFile(archive, 'a') as file:
        file.write(tmp_path / 'sar' / 't1.tif', 't1.tif')
    dataset = build(tmp_path, LOAD, declare=declare)
    assert 'sar' in dataset[0]['present_modalities']
