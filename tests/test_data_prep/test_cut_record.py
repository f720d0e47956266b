"""Tiles of another declaration, or of other rasters, are not kept."""

import json
import os

import numpy as np
import pytest

from fake_data.files import write_tif
from helpers import ROOT
from multimodal_rs.data_prep import mine

CONFIG = """
_base_ = {base!r}
dataset = dict(
    type='MultiModalSegDataset',
    modalities=dict(sar=dict(dir='sar', bands=[0], mean=[0.0], std=[1.0])),
    label=dict(dir='label', ids={{10: 0, 20: 1}}),
    metainfo=dict(classes=('field', 'town'), palette=[[0] * 3, [9] * 3]))
train_dataloader, val_dataloader, test_dataloader = (
    dict(dataset=dict(**dataset, ann_file=f'{{part}}.txt'))
    for part in ('train', 'val', 'test'))
"""


@pytest.fixture
def cut(tmp_path):
    """Cut a scene, with something else in the config."""
    base = str(ROOT / 'configs/_base_/datasets/multimodal.py')
    for name, dtype in (('sar', 'float32'), ('label', 'uint8')):
        path = tmp_path / f'scenes/s1/{name}.tif'
        write_tif(path, np.full((1, 16, 16), 10, dtype))
    config = tmp_path / 'own.py'

    def cut(old='', new=''):
        config.write_text(CONFIG.format(base=base).replace(old, new))
        # There are no lists yet, which is seen when all is cut.
        with pytest.raises(FileNotFoundError, match='train.txt'):
            mine.main([str(tmp_path), '--config', str(config), '--tile', '16'])

    cut()
    return cut


@pytest.mark.parametrize(
    ('old', 'new'),
    [
        ('bands=[0]', 'bands=[0], nodata=10'),
        ('bands=[0]', "bands=[0], nodata_when='all'"),
        ('bands=[0]', "bands=[0], file_bands=['VV']"),
        ('10: 0', '10: 255'),
    ],
)
def test_another_declaration_is_refused(cut, old, new):
    with pytest.raises(ValueError, match="were cut with {'declared': .*, now"):
        cut(old, new)
    cut('std=[1.0]', 'std=[2.0]')  # decides nothing in a tile


def test_other_rasters_are_refused(cut, tmp_path):
    dem = "modalities=dict(dem=dict(dir='dem', bands=[0]), "
    place = tmp_path / 'scenes/s1/dem.tif'
    write_tif(place, np.ones((1, 16, 16), 'float32'))
    cut('modalities=dict(', dem)  # one more may come later
    assert len([*(tmp_path / 'dem').rglob('*.tif')]) == 1
    os.utime(tmp_path / 'scenes/s1/sar.tif', (9, 9))
    with pytest.raises(ValueError, match=r"scene s1: .* others of \['sar'\]"):
        cut()


def test_records_from_before_count_as_the_same(cut, tmp_path):
    path = tmp_path / 'cut.json'
    record = json.loads(path.read_text())
    del record['files'], record['settings']['declared']
    path.write_text(json.dumps(record))
    os.utime(tmp_path / 'scenes/s1/sar.tif', (9, 9))
    cut('10: 0', '10: 255')
