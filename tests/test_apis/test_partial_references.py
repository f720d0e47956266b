"""Many scenes, of which a reference reaches only some."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.crs import CRS

from multimodal_rs.apis import Products
from multimodal_rs.apis.command import main
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.products.make import make_within_reach
from small_network import GRID

ELSEWHERE = Affine(10, 0, 7e5, 0, -10, 6e6)
SOUTH = Affine(10, 0, 5e5, 0, -10, 6e6 - 2000)  # 200 rows


def write(ids, path='truth.tif', **grid):
    ids = np.asarray(ids, 'uint8')
    settings = dict(driver='GTiff', count=1, dtype='uint8')
    size = dict(height=ids.shape[0], width=ids.shape[1])
    with rasterio.open(path, 'w', **settings, **size, **GRID | grid) as file:
        file.write(ids, 1)
    return path


@pytest.fixture
def truth(scenes):
    """Of the scene alps; nothing of c 1, and not a pixel of berlin."""
    for name, place in (('berlin', ELSEWHERE), ('c 1', SOUTH)):
        for path in Path('in', name).iterdir():
            with rasterio.open(path, 'r+') as file:
                file.transform = place
    ids = np.full((260, 40), 255)
    ids[:70] = np.arange(70)[:, None] % 4
    write(ids)
    return ids[:70]


@pytest.fixture
def run(checkpoint, truth):
    def run(*more, scene='{scene}'):
        words = [f'opt=in/{scene}/opt.tif']
        words = [checkpoint, '--device', 'cpu', '--raster', *words]
        words += ['--out', f'maps/{scene}.tif', '--area', f'maps/{scene}.csv']
        words += ['--accuracy', f'maps/{scene}', '--reference', 'truth.tif']
        return main([*words, *more])

    return run


def test_scenes_out_of_reach_have_all_but_the_accuracy(run, truth, capfd):
    assert run() == 0
    said, wrong = capfd.readouterr()
    summary = json.loads(Path('maps/alps/land_cover.json').read_text())
    with rasterio.open('maps/alps.tif') as file:
        right = (file.read(1) == truth).mean()
    assert summary['summary']['OA'] == pytest.approx(100 * right)
    for name in ('berlin', 'c 1'):
        assert Path(f'maps/{name}.tif').exists()
        assert Path(f'maps/{name}.csv').exists()
        assert not Path('maps', name).exists()
        line = (
            f'No accuracy: the reference truth.tif does not reach maps/{name}'
        )
        assert said.count(line) == 1
    assert said.endswith(
        'Out of reach of truth.tif, without accuracy: 2 of 3 scenes, berlin, '
        'c 1\n'
    )
    assert 'apped' not in wrong


def test_scenes_out_of_reach_are_finished(run, capfd):
    run()
    before = {p: p.stat().st_mtime_ns for p in Path('maps').rglob('*')}
    capfd.readouterr()
    assert run('--resume') == 0
    said = capfd.readouterr().out
    assert '1/3 alps: is finished\n' in said
    assert '2/3 berlin: is finished, out of reach of the reference\n' in said
    assert said.endswith('accuracy: 2 of 3 scenes, berlin, c 1\n')
    after = {p: p.stat().st_mtime_ns for p in Path('maps').rglob('*')}
    assert after == before
    # Alone it is an error, as before.
    with pytest.raises(ValueError, match='does not overlap the map'):
        run('--resume', scene='berlin')


def test_a_reference_that_reaches_no_scene(run, capfd):
    write(np.ones((50, 40)), transform=Affine(10, 0, 9e5, 0, -10, 6e6))
    for more in ((), ('--resume',)):
        assert run(*more) == 1
        wrong = capfd.readouterr().err
        line = 'No accuracy of any scene: none of the 3 maps has a class'
        assert wrong.count(line) == 1
        for name in ('alps', 'berlin', 'c 1'):
            assert Path(f'maps/{name}.tif').exists()
            assert Path(f'maps/{name}.csv').exists()


def test_points_and_scenes_of_two_zones(run, capfd, truth):
    for path in Path('in', 'berlin').iterdir():
        with rasterio.open(path, 'r+') as file:
            file.crs = CRS.from_epsg(32633)
    lines = [
        f'500005,{6e6 - 10 * row - 5},{truth[row, 0]}' for row in range(9)
    ]
    points = ('--reference', 'truth.csv')
    Path('truth.csv').write_text('\n'.join(['x,y,class', *lines]))
    with pytest.raises(ValueError, match='32632 of alps and EPSG:32633 of b'):
        run(*points)
    assert not Path('maps').exists()
    lines = [line + ',EPSG:32632' for line in lines]
    Path('truth.csv').write_text('\n'.join(['x,y,class,crs', *lines]))
    assert run(*points) == 0
    assert capfd.readouterr().out.endswith('2 of 3 scenes, berlin, c 1\n')
    summary = json.loads(Path('maps/alps/land_cover.json').read_text())
    assert sum(map(sum, summary['confusion_matrix']['pixels'])) == 9


def test_another_reference_that_reaches_others(run, capfd):
    run()
    write(np.ones((50, 40)), transform=ELSEWHERE)
    assert run('--resume') == 0
    said = capfd.readouterr().out
    assert '2/3 berlin: maps/berlin.tif stays as it is' in said
    assert said.endswith('accuracy: 2 of 3 scenes, alps, c 1\n')
    assert Path('maps/berlin/land_cover.json').exists()
    assert not Path('maps/alps').exists()  # of the earlier reference


def test_other_errors_of_the_reference_stay_errors(run, capfd):
    ids = np.full((260, 40), 255)
    ids[:70], ids[210] = 7, 1
    write(ids)
    assert run() == 1
    said, wrong = capfd.readouterr()
    assert re.search(r'alps: reference truth.tif: the numbers \[7\]', wrong)
    assert wrong.endswith('Not mapped: alps\n')
    assert not Path('maps/alps.tif').exists()
    assert Path('maps/c 1/land_cover.json').exists()
    assert said.endswith('accuracy: 1 of 3 scenes, berlin\n')


def test_a_preview_of_a_scene_out_of_reach(tmp_path):
    path = write(np.zeros((20, 30)), tmp_path / 'truth.tif')
    read = Products(accuracy='t', reference=path).picture_of_reference('ab')
    for place, expected in ((GRID['transform'], 0), (ELSEWHERE, 255)):
        grid = Grid((20, 30), GRID['crs'], place)
        np.testing.assert_array_equal(read(grid, (10, 15)), expected)


def test_points_out_of_reach(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(np.zeros((20, 30)), 'map.tif')
    for place, reached in (('500005,5999995', True), ('700005,5', False)):
        Path('points.csv').write_text(f'x,y,class\n{place},0\n')
        products = Products(accuracy='t', reference='points.csv')
        assert make_within_reach('map.tif', products, []) == reached
        assert Path('t').exists() == reached
    Path('points.csv').write_text('x,y,class\n,,0\n')
    with pytest.raises(ValueError, match='nothing, without x and y'):
        make_within_reach('map.tif', products, [])


def test_a_map_without_a_class_where_the_reference_has_one(
    tmp_path, monkeypatch
):
    """Known only when the map is there; what others keep there stays."""
    monkeypatch.chdir(tmp_path)
    ids = np.zeros((20, 30))
    ids[:, 15:] = 255
    write(ids, 'map.tif', nodata=255)
    write(ids, 'here.tif', nodata=255)
    write(ids[:, ::-1], 'there.tif', nodata=255)
    said = []
    products = Products('area.csv', accuracy='t', reference='here.tif')
    assert make_within_reach('map.tif', products, said)
    shutil.copy('area.csv', 't/notes.csv')
    products = Products('area.csv', accuracy='t', reference='there.tif')
    said.clear()
    assert not make_within_reach('map.tif', products, said)
    assert said == [
        'Wrote area.csv',
        'No accuracy: the reference there.tif does not reach map.tif',
    ]
    assert [p.name for p in Path('t').iterdir()] == ['notes.csv']
