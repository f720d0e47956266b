"""IDTReeS: crowns become labels, plots become a split.

The real plots are those in `idtrees2020` below the folder that the variable
MULTIMODAL_RS_REAL_DATA names.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
from mmengine.config import Config
from mmseg.registry import DATASETS

from fake_data.idtrees import make_idtrees
from helpers import ROOT
from multimodal_rs.data_prep import idtrees
from multimodal_rs.datasets.idtrees import OTHER, TAXA, IDTReeSDataset

CONFIG = ROOT / 'configs/_base_/datasets/idtrees.py'
DATA = Path(os.environ.get('MULTIMODAL_RS_REAL_DATA', 'not set'))
NUMBER = {taxon: i for i, taxon in enumerate(TAXA, 1)}


def test_command_and_samples(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    images = make_idtrees(tmp_path)
    assert idtrees.main([str(tmp_path)]) == 0
    assert 'no label' not in capsys.readouterr().out
    with rasterio.open(tmp_path / 'labels/MLBS_1.tif') as file:
        label = file.read(1)
        assert file.crs.to_epsg() == 32617
    assert (label[11:19, 1:9] != 0).all()  # rows run from north to south
    assert (label[14:17, 3:6] == NUMBER['PIPA2']).all()
    assert label[12, 2] == NUMBER['ACRU']
    assert label[7, 12] == label[17, 16] == OTHER
    assert (label[1:5, 18:] == NUMBER['QURU']).all()
    assert np.count_nonzero(label) == 64 + 16 + 12 + 8
    with rasterio.open(tmp_path / 'labels/MLBS_2.tif') as file:
        assert not file.read().any()
    folder = tmp_path / 'splits/plots-seed0'
    parts = {
        part: (folder / f'{part}.txt').read_text().split()
        for part in ('train', 'val', 'test')
    }
    assert {p: len(plots) for p, plots in parts.items()} == dict(
        train=4, val=2, test=2
    )
    assert sorted(sum(parts.values(), [])) == sorted(images)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*.*')}
    assert idtrees.main([str(tmp_path)]) == 0
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*.*')} == before
    settings = Config.fromfile(CONFIG).train_dataloader.dataset
    settings.update(data_root=str(tmp_path))
    dataset = DATASETS.build(settings)
    assert len(dataset) % 72 == 0 and len(dataset) > 0  # crowns of a plot
    inputs = dataset[0]['inputs']
    assert inputs['hsi'].shape == (368, 11, 11)
    assert inputs['lidar'].shape == (1, 11, 11)


def test_files_that_are_missing_are_named(tmp_path: Path) -> None:
    make_idtrees(tmp_path, plots=2)
    (tmp_path / 'Field/train_data.csv').rename(tmp_path / 'kept.csv')
    with pytest.raises(FileNotFoundError, match='train_data.csv'):
        idtrees.main([str(tmp_path)])
    (tmp_path / 'Field/train_data.csv').write_text('a,b\n1,2\n')
    with pytest.raises(ValueError, match='indvdID'):
        idtrees.main([str(tmp_path)])
    (tmp_path / 'kept.csv').rename(tmp_path / 'Field/train_data.csv')
    path = tmp_path / 'ITC/train_MLBS.shp'
    path.write_bytes(path.read_bytes()[:150])
    with pytest.raises(ValueError, match='train_MLBS.shp cannot be read'):
        idtrees.main([str(tmp_path)])
    for path in (tmp_path / 'ITC').glob('*'):
        path.unlink()
    with pytest.raises(FileNotFoundError, match='no polygons'):
        idtrees.main([str(tmp_path)])


def test_classes_and_numbers() -> None:
    classes = IDTReeSDataset.METAINFO['classes']
    ids = IDTReeSDataset.LABEL['ids']
    assert len(classes) == len(TAXA) == 9
    assert classes[ids[NUMBER['PIPA2']]] == 'longleaf pine'
    assert classes[ids[NUMBER['QURU']]] == 'red oak'
    assert ids[0] == ids[OTHER] == 255


@pytest.mark.skipif(
    not (DATA / 'idtrees2020').is_dir(),
    reason='MULTIMODAL_RS_REAL_DATA names no folder with IDTReeS plots',
)
def test_real_plots_have_every_class_in_every_part(tmp_path: Path) -> None:
    for name in ('RemoteSensing', 'ITC', 'Field'):
        (tmp_path / name).symlink_to(DATA / 'idtrees2020' / name)
    assert idtrees.main([str(tmp_path)]) == 0
    config = Config.fromfile(CONFIG)
    for part in ('train', 'val', 'test'):
        settings = config[f'{part}_dataloader'].dataset
        settings.update(data_root=str(tmp_path), windows=1)
        samples = DATASETS.build(settings)
        found = {
            samples.raw_sample(i)['gt_seg_map'].item()
            for i in range(len(samples))
        }
        assert found == set(range(9))
