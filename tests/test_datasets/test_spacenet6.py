"""SpaceNet 6: footprints become labels, ground becomes a split."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from mmengine.config import Config
from mmseg.registry import DATASETS

from fake_data.files import write_tif
from fake_data.spacenet6 import (
    FOLDER,
    PLACES,
    SIZE,
    footprint_path,
    make_spacenet6,
    tile_name,
)
from helpers import ROOT
from multimodal_rs.data_prep import spacenet6
from multimodal_rs.data_prep.footprints import (
    area,
    burn,
    in_tile,
    parse_wkt,
    read_geojson,
)
from multimodal_rs.data_prep.prepare import build_dataset
from multimodal_rs.datasets.spacenet6 import ORIENTATIONS, SpaceNet6Dataset
from multimodal_rs.transforms.geometric import AlignLookDirection

BASE = ROOT / 'configs/_base_/datasets/spacenet6.py'
TILES = [tile_name(place) for place in PLACES]
LABEL = np.zeros((SIZE, SIZE), np.uint8)  # of tiles with buildings
LABEL[6:12, 4:16] = LABEL[20:30, 30:] = 1


def config(name: str) -> Path:
    return BASE.with_name(f'spacenet6_{name}.py')


def build(path: Path, root: Path, part: str) -> SpaceNet6Dataset:
    settings = Config.fromfile(path)[f'{part}_dataloader'].dataset
    settings.update(data_root=str(root))
    return DATASETS.build(settings)


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        assert file.crs.to_epsg() == 32631
        return file.read(1)


@pytest.fixture(scope='module')
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """A folder that the command has prepared; not to be changed."""
    root = tmp_path_factory.mktemp('spacenet6')
    made = make_spacenet6(root)
    assert spacenet6.main([str(root)]) == 0
    return root, made


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A folder with two tiles, to spoil."""
    make_spacenet6(tmp_path)
    for path in [*tmp_path.rglob('*_tile_*')]:
        if not path.stem.endswith(('_0', '_2')):
            path.unlink()
    return tmp_path


def test_labels_and_lists(prepared: tuple[Path, dict]) -> None:
    root, _ = prepared
    assert (read(root / f'labels/{TILES[0]}.tif') == LABEL).all()
    assert not read(root / f'labels/{TILES[2]}.tif').any()
    lists = {
        path.parent.name + path.stem: path.read_text().split()
        for path in root.glob('splits/*/*.txt')
    }
    groups = {TILES[place.number]: place.number // 2 for place in PLACES}
    for part, wanted in (('train', {0, 1, 2}), ('val', {3}), ('test', {4})):
        found = lists[f'easting{part}']
        assert {groups[tile] for tile in found} == wanted
        assert len(found) == 2 * len(wanted)
        assert TILES[10] not in found  # it reaches across a border
    everything = sum((lists[n] for n in lists if n.startswith('random')), [])
    assert sorted(everything) == sorted(TILES)


def test_nothing_changes_and_all_is_right(
    prepared: tuple[Path, dict], capsys: pytest.CaptureFixture
) -> None:
    root, _ = prepared
    before = {p: p.stat().st_mtime_ns for p in root.rglob('*.*')}
    assert spacenet6.main([str(root)]) == 0
    assert {p: p.stat().st_mtime_ns for p in root.rglob('*.*')} == before
    assert 'Warning' not in capsys.readouterr().out
    assert spacenet6.main([str(root), '--check']) == 0


@pytest.mark.parametrize('part', ['train', 'val'])
def test_samples_of_config(prepared: tuple[Path, dict], part: str) -> None:
    root, made = prepared
    dataset = build(BASE, root, part)
    sample = dataset[0]
    inputs, data = sample['inputs'], sample['data_samples']
    assert inputs['opt'].shape == inputs['sar'].shape == (4, SIZE, SIZE)
    truth = data.gt_sem_seg.data[0].numpy()
    assert np.unique(truth).tolist() == [0, 1, 255]
    if part == 'train':  # it may be turned
        return
    # Outside of the strip there is no radar, and no label.
    assert inputs['sar'][:, :, :4].isnan().all()
    assert (truth[:, :4] == 255).all() and (truth[:, 4:] != 255).all()
    training = build(BASE, root, 'train').tiles
    numbers = np.stack(
        [made[t['sample_id']]['SAR-Intensity'][0, :, 4:] for t in training]
    )
    radar = made[data.sample_id]['SAR-Intensity'][0, :, 4:]
    expected = (radar - numbers.mean()) / numbers.std()
    np.testing.assert_allclose(
        inputs['sar'][0, :, 4:], expected, rtol=1e-3, atol=1e-4
    )


def test_other_bands(prepared: tuple[Path, dict]) -> None:
    root, made = prepared
    for name, modality, bands in (('rgb', 'opt', 3), ('pan', 'pan', 1)):
        dataset = build(config(name), root, 'val')
        declared = dataset.modalities[modality]
        assert declared.channels == bands
        assert dataset.list_tiles(declared.dir, '.tif') == sorted(TILES)
        record = dataset.tiles[0]
        with rasterio.open(record['img_paths'][modality]) as file:
            expected = made[record['sample_id']][declared.dir]
            assert (file.read() == expected).all()


def test_small_buildings_are_left_out(prepared: tuple[Path, dict]) -> None:
    root, _ = prepared
    assert spacenet6.main([str(root), '--config', config('20m2').name]) == 0
    label = read(root / f'labels_20m2/{TILES[0]}.tif')
    assert label.sum() == 100 and not label[:20].any()
    sample = build(config('20m2'), root, 'val')[0]['data_samples']
    assert (sample.gt_sem_seg.data == 1).sum() == 100


def test_strips_are_turned(prepared: tuple[Path, dict]) -> None:
    root, _ = prepared
    plain, turned = (
        build(path, root, 'val') for path in (BASE, config('turned'))
    )
    for number, strip in enumerate(('north', 'south')):
        assert turned.get_data_info(number)['imaged_from'] == strip
        before, after = plain[number], turned[number]
        steps = 2 * number
        for m, x in before['inputs'].items():
            expected = np.rot90(x, steps, (1, 2))
            np.testing.assert_array_equal(after['inputs'][m], expected)
        before, after = (
            s['data_samples'].gt_sem_seg.data for s in (before, after)
        )
        assert (after.numpy() == np.rot90(before, steps, (1, 2))).all()


def test_unknown_sides_are_named(few: Path) -> None:
    path = few / ORIENTATIONS
    path.write_text(f'{TILES[0][:29]} 2\n')
    settings = dict(modalities=dict(sar=dict(dir='SAR-Intensity', bands=[0])))
    settings |= dict(label=False, data_root=str(few))
    with pytest.raises(ValueError, match='lines with a strip and 0 or 1'):
        SpaceNet6Dataset(**settings)
    path.unlink()
    (record, _) = SpaceNet6Dataset(**settings)
    with pytest.raises(ValueError, match='SAR_orientations.txt'):
        AlignLookDirection()(record)


def test_table_in_the_place_of_polygons(few: Path) -> None:
    shutil.rmtree(few / FOLDER / 'geojson_buildings')
    read_all = spacenet6.find_footprints
    with pytest.raises(FileNotFoundError, match='lack their image'):
        read_all(few, TILES[:1], TILES[:1])
    found = read_all(few, TILES, TILES)
    grid = spacenet6.image_grid(build_dataset(BASE, few), TILES[0])
    buildings = in_tile(found[TILES[0]], grid)
    assert (burn(buildings, grid.size) == LABEL).all()
    assert len(in_tile(found[TILES[0]], grid, 20)) == 1
    assert found[TILES[2]].buildings == []
    (few / spacenet6.TABLE).unlink()
    with pytest.raises(FileNotFoundError, match='has no footprints'):
        spacenet6.main([str(few)])


def test_what_does_not_fit_is_named(few: Path) -> None:
    path = footprint_path(few, TILES[0])
    good = path.read_text()
    image = few / FOLDER / 'SAR-Intensity'
    image /= f'SN6_Train_AOI_11_Rotterdam_SAR-Intensity_{TILES[0]}.tif'

    def spoilt(**changes: object) -> str:
        return json.dumps(json.loads(good) | changes)

    other = dict(name='EPSG:28992')
    far = good.replace('591552.0', '491552.0').replace('591558.0', '491558.0')
    point = dict(type='Point', coordinates=[1, 2])
    for text, message in (
        (spoilt(crs=dict(properties=other)), 'reference system EPSG:28992'),
        (far, 'footprint 0 lies outside of its tile'),
        (spoilt(features=[dict(geometry=point)]), 'is a Point, no polygon'),
        (good[:200], 'cannot be read'),
        (spoilt(features=[]), 'no building of 0 square metres'),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            spacenet6.main([str(few)])
    assert not (few / 'labels').exists()
    # Without a reference system, the place tells whether it is the tile's.
    path.write_text(spoilt(crs=None))
    footprints = read_geojson(path)
    assert footprints.crs is None
    grid = spacenet6.image_grid(build_dataset(BASE, few), TILES[0])
    assert len(in_tile(footprints, grid)) == 2
    path.unlink()
    with pytest.raises(FileNotFoundError, match='1 of 2 tiles lack their fo'):
        spacenet6.main([str(few)])
    path.write_text(good)
    radar = np.ones((4, SIZE, SIZE), np.float32)
    write_tif(image, radar)
    with pytest.raises(ValueError, match='does not say where it lies'):
        spacenet6.main([str(few)])
    image.unlink()
    with pytest.raises(FileNotFoundError, match='1 of 2 tiles lack their im'):
        spacenet6.main([str(few)])


def test_polygons_as_text() -> None:
    square = 'POLYGON ((0 0, 8.5 0, 8.5 4e0, 0 4, 0 0), (1 1, 2 1, 2 2, 1 1))'
    ((outer, hole),) = parse_wkt(square)
    assert outer[2] == (8.5, 4.0) and len(hole) == 4
    assert area([outer, hole]) == 34 - 0.5
    several = parse_wkt('MULTIPOLYGON Z (((0 0 1, 1 0 1, 1 1 1, 0 0 1)))')
    assert area(several[0]) == 0.5
    assert parse_wkt('POLYGON EMPTY') == []
    for text in ('LINESTRING (0 0, 1 1)', 'POLYGON ((0 0, 1 1, 0 0))'):
        with pytest.raises(ValueError, match='no polygon|a ring has 3'):
            parse_wkt(text)


def test_directory_of_labels_says_the_area() -> None:
    assert [*map(spacenet6.smallest_of, ('labels', 'labels_80m2'))] == [0, 80]
    with pytest.raises(ValueError, match="got 'mine'"):
        spacenet6.smallest_of('mine')
