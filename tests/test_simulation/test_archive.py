"""Files: names, types, georeference, split."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import rasterio

from multimodal_rs.datasets.dfc2020 import DFC2020Dataset
from multimodal_rs.simulation.archive import LAYOUTS, Archive, part_of
from multimodal_rs.simulation.differences import SensorDifferences
from multimodal_rs.simulation.signatures import BANDS, Cover
from multimodal_rs.simulation.simulator import simulate

# GDAL says so of the identity transform, which the contest's files have.
pytestmark = pytest.mark.filterwarnings(
    'ignore::rasterio.errors.NotGeoreferencedWarning'
)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_patch_files(tmp_path: Path, layout: str):
    archive = Archive(tmp_path, layout, 32, 0)
    assert archive.write_patch(3)
    sample = simulate(0, 3, (32, 32))
    for attribute, path in archive.paths(3).items():
        with rasterio.open(path) as file:
            expected = getattr(sample, attribute)
            np.testing.assert_array_equal(file.read(), expected)
            assert file.dtypes[0] == expected.dtype
            assert file.crs.to_epsg() == 4326
            assert file.transform == rasterio.Affine.identity()
            assert file.nodata is None
            assert not file.profile['tiled']
            assert file.compression is None
            if attribute == 's2':
                assert file.descriptions == BANDS


def test_city_layout(tmp_path: Path):
    archive = Archive(tmp_path, 'city', 32, 0)
    season = simulate(0, 3, (32, 32)).season
    tile = f'ROIs0000_{season}_Simulated_p3'
    assert archive.tile_id(3) == tile
    assert archive.paths(3)['label'] == (
        tmp_path
        / f'ROIs0000_{season}'
        / 'dfc_Simulated'
        / f'ROIs0000_{season}_dfc_Simulated_p3.tif'
    )


def test_contest_layout(tmp_path: Path):
    archive = Archive(tmp_path, 'contest', 32, 0)
    for index in range(20):
        path = archive.paths(index)['s1'].relative_to(tmp_path)
        if part_of(0, index) == 'test':
            folder, name = 'ROIs0000_test/s1_0', 'ROIs0000_test_s1_0'
        else:
            folder = 'ROIs0000_validation/s1_validation'
            name = 'ROIs0000_validation_s1_0'
        assert path == Path(folder, f'{name}_p{index}.tif')


@pytest.mark.parametrize('layout', LAYOUTS)
def test_the_dataset_of_the_real_files_finds_them(tmp_path: Path, layout: str):
    archive = Archive(tmp_path, layout, 32, 0)
    for index in range(4):
        archive.write_patch(index)
    dataset = DFC2020Dataset(
        modalities=dict(opt=dict(dir='s2', bands=[3, 2, 1])),
        data_root=str(tmp_path),
        lazy_init=True,
    )
    tiles = {archive.tile_id(index) for index in range(4)}
    for layer in ('s1', 's2', 'dfc'):
        assert set(dataset.list_tiles(layer, '.tif')) == tiles


def test_split_is_60_15_25_and_does_not_depend_on_the_number(tmp_path: Path):
    archive = Archive(tmp_path, 'city', 32, 0)
    split = archive.split(160)
    assert {k: len(v) for k, v in split.items()} == dict(
        train=96, val=24, test=40
    )
    everything = Counter(tile for part in split.values() for tile in part)
    assert set(everything.values()) == {1}
    for part, tiles in archive.split(50).items():
        assert tiles == split[part][: len(tiles)]
    other = Archive(tmp_path, 'city', 32, 1)
    assert [part_of(1, i) for i in range(20)] != [
        part_of(0, i) for i in range(20)
    ]
    assert other.split(160)['test'] != split['test']


def test_scene(tmp_path: Path):
    archive = Archive(tmp_path, 'city', 32, 0, (256, 288))
    assert archive.write_scene()
    assert not archive.write_scene()
    bounds = set()
    for name, bands in (('s2', 13), ('s1', 2), ('label', 1)):
        with rasterio.open(tmp_path / 'scene' / f'{name}.tif') as file:
            assert (file.count, file.height, file.width) == (bands, 256, 288)
            assert file.crs.to_epsg() == 32632
            assert file.crs.linear_units == 'metre'
            assert file.transform[:6] == (10, 0, 660_000, 0, -10, 5_340_000)
            bounds.add(file.bounds)
            data = file.read()
        if name == 's1':
            assert 0.02 < np.isnan(data).mean() < 0.08
        if name == 's2':
            assert 0.1 < (data[1] > 4000).mean() < 0.3
        if name == 'label':
            assert set(np.unique(data)) == set(Cover)
    assert len(bounds) == 1


def test_displacement_and_elevation_lie_beside_the_images(tmp_path: Path):
    differences = SensorDifferences(displacement=3.0)
    archive = Archive(
        tmp_path, 'city', 32, 0, differences=differences, dem=True
    )
    archive.claim()
    note = json.loads((tmp_path / 'simulation.json').read_text())
    assert note['differences']['displacement'] == 3
    assert note['dem'] is True
    assert archive.write_patch(3)
    assert not archive.write_patch(3)
    sample = simulate(0, 3, (32, 32), differences=differences, dem=True)
    paths = archive.paths(3)
    assert [*paths] == ['s2', 's1', 'label', 'dem', 'displacement']
    for attribute, path in paths.items():
        with rasterio.open(path) as file:
            expected = getattr(sample, attribute)
            np.testing.assert_array_equal(file.read(), expected)
    dataset = DFC2020Dataset(
        modalities=dict(dem=dict(dir='dem', bands=[0])),
        data_root=str(tmp_path),
        lazy_init=True,
    )
    assert dataset.list_tiles('dem', '.tif') == [archive.tile_id(3)]


def test_the_default_writes_nothing_new(tmp_path: Path):
    archive = Archive(tmp_path, 'city', 32, 0)
    archive.claim()
    text = (tmp_path / 'simulation.json').read_text()
    assert json.loads(text) == dict(
        simulator=2, layout='city', size=32, seed=0, scene=[640, 768]
    )
    assert [*archive.paths(3)] == ['s2', 's1', 'label']
    other = Archive(
        tmp_path, 'city', 32, 0, differences=SensorDifferences(dilation=1.0)
    )
    with pytest.raises(ValueError, match='holds other data'):
        other.claim()


def test_folder_of_another_simulation_is_refused(tmp_path: Path):
    Archive(tmp_path, 'city', 32, 0).claim()
    Archive(tmp_path, 'city', 32, 0).claim()
    with pytest.raises(ValueError, match='holds other data'):
        Archive(tmp_path, 'city', 32, 1).claim()


def test_folder_of_the_real_data_is_refused(tmp_path: Path):
    (tmp_path / 'ROIs0000_validation').mkdir()
    with pytest.raises(ValueError, match='got no simulation.json'):
        Archive(tmp_path, 'contest', 256, 0).claim()


@pytest.mark.parametrize(
    ('layout', 'size', 'seed'),
    [('cities', 64, 0), ('city', 16, 0), ('city', 64, -1)],
)
def test_impossible_settings(layout: str, size: int, seed: int):
    with pytest.raises(ValueError, match='layout|32 pixels'):
        Archive(Path('nowhere'), layout, size, seed)
