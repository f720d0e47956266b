"""DFC2020's declarations on real Sentinel-1 and Sentinel-2 GeoTIFFs.

Needs the patches of TerraMesh (examples of IBM's terramind repository) and
the chips of Sen1Floods11, in `terramesh_examples` and `sen1floods11` below
the folder that the variable MULTIMODAL_RS_REAL_DATA names.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from mmengine.config import Config
from mmseg.registry import DATASETS, MODELS

from helpers import ROOT
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.scene import SceneFiles, predict_scene
from multimodal_rs.inference.windowed import Windows

DATA = Path(os.environ.get('MULTIMODAL_RS_REAL_DATA', 'not set'))
BASE = ROOT / 'configs' / '_base_' / 'datasets'
pytestmark = pytest.mark.skipif(
    not (DATA / 'terramesh_examples').is_dir(),
    reason='MULTIMODAL_RS_REAL_DATA names no folder with the scenes',
)
LOAD = [dict(type='LoadMultiModalImages')]


def declared(config, **dirs):
    """Modalities of a dataset of DFC2020, in other folders."""
    found = Config.fromfile(BASE / config).modalities.to_dict()
    return {
        m: dict(found[m], dir=dir, suffix=suffix)
        for m, (dir, suffix) in dirs.items()
    }


def dataset(folder, modalities, tiles, tmp_path, **changes):
    (tmp_path / 'all.txt').write_text('\n'.join(tiles))
    return DATASETS.build(
        dict(
            type='MultiModalSegDataset',
            data_root=str(DATA / folder),
            ann_file=str(tmp_path / 'all.txt'),
            modalities=modalities,
            label=False,
            pipeline=LOAD,
            test_mode=True,
        )
        | changes
    )


def patches():
    return sorted(p.stem for p in (DATA / 'terramesh_examples/DEM').iterdir())


def terramesh():
    return declared(
        'dfc2020_s2.py', opt=('S2L1C', '.tif'), sar=('S1RTC', '.tif')
    )


def test_thirteen_bands_and_backscatter_of_terramesh(tmp_path):
    tiles = dataset('terramesh_examples', terramesh(), patches(), tmp_path)
    assert len(tiles) == 5
    for tile in tiles:
        assert tile['img'].shape == (224, 224, 13 + 2 + 1)
        assert tile['img'].dtype == np.float32
        assert np.isfinite(tile['img']).all()
        assert tile['present_modalities'] == ('opt', 'sar')
        with rasterio.open(tile['img_paths']['opt']) as file:
            numbers = file.read().transpose(1, 2, 0)
        expected = (numbers / 1e4).clip(0, 1)
        np.testing.assert_allclose(tile['img'][..., :13], expected, atol=1e-6)
        with rasterio.open(tile['img_paths']['sar']) as file:
            assert file.dtypes == ('float64', 'float64')
            decibel = file.read().transpose(1, 2, 0)
        expected = (decibel.clip(-25, 0) + 25) / 25
        np.testing.assert_allclose(
            tile['img'][..., 13:15], expected, atol=1e-6
        )


def test_twelve_bands_are_not_taken_for_thirteen(tmp_path):
    modalities = declared('dfc2020_s2.py', opt=('S2L2A', '.tif'))
    tiles = dataset('terramesh_examples', modalities, patches(), tmp_path)
    with pytest.raises(ValueError, match='has 12 bands, expected 13'):
        tiles[0]


def test_unlabeled_folder_of_terramesh(tmp_path):
    tiles = dataset(
        'terramesh_examples', terramesh(), [], tmp_path, ann_file=''
    )
    assert [t['sample_id'] for t in tiles] == patches()


def test_maps_of_terramesh_lie_where_the_patches_lie(tmp_path):
    cfg = Config.fromfile(
        ROOT / 'configs/joitrinet/joitrinet-d_r18_1xb8-8e_ombria-128x128.py'
    )
    modalities = terramesh()
    cfg.model.data_preprocessor.modalities = modalities
    branches = cfg.model.backbone.branches
    branches.opt.in_channels, branches.sar.in_channels = 13, 2
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    for patch in patches():
        files = {
            m: str(DATA / 'terramesh_examples' / d['dir'] / f'{patch}.tif')
            for m, d in modalities.items()
        }
        target = tmp_path / f'{patch}.tif'
        predict_scene(
            *(model, files, SceneFiles(target), ('dry', 'wet')),
            *([[0, 0, 0], [0, 0, 255]], Windows(128, 96)),
            progress=False,
        )
        with rasterio.open(target) as made, rasterio.open(files['sar']) as sar:
            assert made.crs == sar.crs and made.crs.is_projected
            assert made.transform == sar.transform
            assert made.shape == sar.shape
            assert set(np.unique(made.read(1))) <= {0, 1}


def test_swath_borders_of_sen1floods11(tmp_path):
    modalities = declared('dfc2020_s2.py', sar=('S1Hand', '_S1Hand.tif'))
    tiles = ('Nigeria_812045', 'Spain_7370579', 'Paraguay_34417')
    chips = dataset('sen1floods11', modalities, tiles, tmp_path)
    nigeria = np.isnan(chips[0]['img'])
    # 1158 values of two bands
    assert nigeria.sum() == 1158 and (nigeria.sum(2) != 1).all()
    assert np.nanmax(chips[0]['img']) <= 1  # bright targets exceed 0 dB
    assert not np.isnan(chips[1]['img']).any()
    with pytest.raises(ValueError, match='no valid sar pixel'):
        chips[2]


def test_chips_of_sen1floods11_without_optical_image(tmp_path):
    modalities = declared(
        'dfc2020_s2.py',
        opt=('S2Hand', '_S2Hand.tif'),
        sar=('S1Hand', '_S1Hand.tif'),
    )
    modalities['opt']['optional'] = True
    tiles = ('Nigeria_812045', 'Spain_7370579')
    chips = dataset('sen1floods11', modalities, tiles, tmp_path)
    found = [chip['present_modalities'] for chip in chips]
    assert found == [('sar',), ('opt', 'sar')]
    files = {
        m: str(DATA / 'sen1floods11' / d['dir'] / f'{tiles[1]}{d["suffix"]}')
        for m, d in modalities.items()
    }
    with SceneRasters(files, build_modalities(modalities)) as scene:
        assert scene.grid.crs.to_epsg() == 4326
