"""Copies of MUUFL and Trento with files of other names."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from multimodal_rs.data_prep import muufl, trento
from multimodal_rs.data_prep.prepare import build_dataset
from multimodal_rs.data_prep.sparse_labels import compare_totals
from multimodal_rs.datasets.trento import MUUFLDataset
from multimodal_rs.utils.installation import dataset_config


def test_muufl_whose_labels_are_a_random_draw(tmp_path: Path) -> None:
    label = np.arange(20).reshape(4, 5) % 12  # 0 is no class
    drawn = np.random.default_rng(2).random(label.shape) < 0.3
    content = dict(
        HSI=('HSI', np.ones((4, 5, 64))),
        LiDAR=('LiDAR', np.ones((4, 5, 2))),
        muufl_tr=('training_map', np.where(drawn, label, 0)),
        muufl_ts=('testing_map', np.where(drawn, 0, label)),
    )
    for name, (key, array) in content.items():
        savemat(tmp_path / f'{name}.mat', {key: array})
    (form,) = [f for f in muufl.forms_of(tmp_path) if not f.missing]
    assert form.test is None  # so the split is one of ours
    found = form.train.read((4, 5))
    assert (np.where(found.empty, 0, found.numbers) == label).all()
    savemat(tmp_path / 'muufl_ts.mat', dict(testing_map=12 - label))
    with pytest.raises(ValueError, match='do not belong together'):
        form.train.read((4, 5))


def test_trento_whose_lidar_has_another_name(tmp_path: Path) -> None:
    content = dict(HSI=np.ones((4, 5, 63)), Lidar=np.ones((4, 5)))
    content['GT'] = np.ones((4, 5))
    for name, array in content.items():
        name = f'{name}_Trento'
        savemat(tmp_path / f'{name}.mat', {name: array})
    (form,) = [f for f in trento.forms_of(tmp_path) if not f.missing]
    with form.layers['lidar'].open() as file:
        assert file.read().shape == (1, 4, 5)


def test_labels_numbered_in_another_order_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    dataset = build_dataset(dataset_config('muufl.py'), tmp_path)
    classes = np.arange(12)
    label = np.repeat(classes, [1, *MUUFLDataset.TOTAL])
    compare_totals(dataset, label)
    assert not capsys.readouterr().out
    classes[[7, 8]] = 8, 7
    compare_totals(dataset, classes[label])
    out = capsys.readouterr().out
    assert "'building shadow': (6240, 2233)" in out
    assert 'numbered in another order?' in out


def test_files_of_other_names_are_listed(tmp_path: Path) -> None:
    savemat(tmp_path / 'All_Label.mat', dict(All_Label=np.ones((4, 5))))
    with pytest.raises(FileNotFoundError) as caught:
        muufl.main([str(tmp_path)])
    message = str(caught.value)
    assert "Found: ['All_Label.mat']" in message
    assert 'labelled_scene' in message
