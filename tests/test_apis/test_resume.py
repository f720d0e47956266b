"""What ``--resume`` keeps: only what would be made again just so."""

import os
import shutil
import time
from dataclasses import fields, replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from mmseg.registry import MODELS
from scipy.io import savemat

from multimodal_rs.apis import IncompleteError
from multimodal_rs.apis.finished import is_finished
from multimodal_rs.apis.outputs import SceneOutputs
from multimodal_rs.datasets.display import Display
from multimodal_rs.inference.grids import FINEST, SceneGrid
from multimodal_rs.products import notes
from multimodal_rs.products.make import Products, make_products
from small_network import single_config

OUT = SceneOutputs('maps/map.tif')


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    (tmp_path / 'project').mkdir()
    monkeypatch.chdir(tmp_path / 'project')


@pytest.fixture
def rasters(make_scene):
    """Paths from the folder of the project, ``scene/sar.tif``, ..."""
    paths = make_scene(70, 40, folder='project/scene')
    return {name: os.path.relpath(path) for name, path in paths.items()}


def mirror(path, to=None, older=True):
    """Write another raster of the same bytes and size, an hour older."""
    hour_ago = time.time_ns() - 3600 * 10**9
    with rasterio.open(path) as file:
        data, profile = file.read(), file.profile
    to = to or path
    Path(to).parent.mkdir(exist_ok=True, parents=True)
    with rasterio.open(to, 'w', **profile) as file:
        file.write(data[:, ::-1])
    if older:
        os.utime(to, ns=(hour_ago, hour_ago))
    return to


def classes(path='maps/map.tif'):
    with rasterio.open(path) as file:
        return file.read(1)


def check_made_again(mapper, rasters, caplog, reason, **options):
    assert not is_finished(mapper, rasters, OUT, options.get('grid', FINEST))
    caplog.clear()
    mapper.make(rasters, OUT, resume=True, **options)
    assert f'map.tif is made again: it was made of other {reason}' in (
        caplog.text
    )
    grid = options.get('grid', FINEST)
    expected = mapper.predict(rasters, grid=grid)
    np.testing.assert_array_equal(classes(), expected)
    assert is_finished(mapper, rasters, OUT, grid)


def test_another_raster_of_the_same_name(mapper, rasters, caplog):
    mapper.make(rasters, OUT)
    assert is_finished(mapper, rasters, OUT)
    before = classes()
    other = rasters | dict(sar=mirror(rasters['sar'], 'old/sar.tif'))
    check_made_again(mapper, other, caplog, 'files')
    assert not np.array_equal(classes(), before)


def test_what_a_vrt_names(mapper, rasters, caplog):
    """Here one that names another one."""
    rasterio.shutil.copy(rasters['sar'], 'inner.vrt', driver='VRT')
    text = Path('inner.vrt').read_text()
    name = rasters['sar'] + '</SourceFilename>'
    assert name in text
    Path('outer.vrt').write_text(
        text.replace(name, 'inner.vrt</SourceFilename>')
    )
    rasters['sar'] = 'outer.vrt'
    mapper.make(rasters, OUT)
    assert is_finished(mapper, rasters, OUT)
    mirror('scene/sar.tif')
    check_made_again(mapper, rasters, caplog, 'files')


def test_arrays_in_files_and_archives(mapper, rasters, caplog):
    with rasterio.open(rasters['sar']) as file:
        sar = file.read().transpose(1, 2, 0)
    np.save('sar.npy', sar)
    shutil.make_archive('opt', 'zip', 'scene', 'opt.tif')
    rasters = dict(opt='/vsizip/opt.zip/opt.tif', sar='sar.npy')
    mapper.make(rasters, OUT)
    assert is_finished(mapper, rasters, OUT)
    np.save('sar.npy', sar[::-1])
    check_made_again(mapper, rasters, caplog, 'files')
    mirror('scene/opt.tif')
    shutil.make_archive('opt', 'zip', 'scene', 'opt.tif')
    check_made_again(mapper, rasters, caplog, 'files')


def test_a_variable_of_a_file(mapper, rasters, caplog):
    with rasterio.open(rasters['sar']) as file:
        sar = file.read().transpose(1, 2, 0)
    savemat('two.mat', dict(a=sar, b=sar[::-1]))
    rasters = dict(rasters, sar='two.mat:a')
    mapper.make(rasters, OUT)
    assert is_finished(mapper, rasters, OUT)
    assert not is_finished(mapper, dict(rasters, sar='two.mat:b'), OUT)
    savemat('two.mat', dict(a=sar[::-1], b=sar))
    check_made_again(mapper, rasters, caplog, 'files')


def test_a_page_of_a_file(mapper, rasters):
    with rasterio.open(rasters['sar']) as file:
        data, profile = file.read(), file.profile
    for page in (data, data[:, ::-1]):
        with rasterio.open('scene/pages.tif', 'w', **profile) as file:
            file.write(page)
        profile['append_subdataset'] = True
    pages = [f'GTIFF_DIR:{n}:scene/pages.tif' for n in (1, 2)]
    mapper.make(dict(rasters, sar=pages[0]), OUT)
    assert is_finished(mapper, dict(rasters, sar=pages[0]), OUT)
    assert not is_finished(mapper, dict(rasters, sar=pages[1]), OUT)


@pytest.mark.parametrize(
    'name',
    [
        *('/vsizip/{0}/sar.tif', 'zip://{0}!/sar.tif'),
        *('zip+file://{0}!/sar.tif', 'file://{1}'),
    ],
)
def test_local_files_by_address(mapper, rasters, name):
    sar = os.path.abspath(rasters['sar'])
    archive = os.path.abspath('sar.zip')

    def pack():
        with ZipFile(archive, 'w') as file:
            file.write(sar, 'sar.tif')

    pack()
    asked = dict(sar=name.format(archive, sar))
    mapper.make(asked, OUT)
    assert is_finished(mapper, asked, OUT)
    mirror(sar)
    pack()
    assert not is_finished(mapper, asked, OUT)


@pytest.mark.parametrize(
    ('grid', 'reason'),
    [
        (SceneGrid(resolution=20), 'grid'),
        (SceneGrid(unreadable='nodata'), 'unreadable'),
        (SceneGrid('like.tif'), 'files'),
    ],
)
def test_what_is_chosen_no_more(mapper, rasters, caplog, grid, reason):
    shutil.copy(rasters['opt'], 'like.tif')
    mapper.make(rasters, OUT, grid=grid)
    assert is_finished(mapper, rasters, OUT, grid)
    check_made_again(mapper, rasters, caplog, reason)


def test_a_declaration_that_has_changed(mapper, rasters):
    changes = [
        (dict(nodata=5), False),
        (dict(nodata_when='all'), False),
        (dict(scale='apply'), False),
        (dict(key='b'), False),
        (dict(file_bands=('VV', 'VH', 'angle')), False),
        (dict(dir='sar', suffix='_1.tif', unit='dB', optional=True), True),
        (dict(file_range=((0, 0), (1, 1)), display=Display((1,))), True),
    ]
    declared = mapper.model.data_preprocessor.modalities
    before = declared['sar']
    mapper.make(rasters, OUT)
    for change, kept in changes:
        declared['sar'] = replace(before, **change)
        assert is_finished(mapper, rasters, OUT) == kept


def test_a_declaration_of_a_specialist(mapper, rasters, make_config, caplog):
    alone = MODELS.build(single_config(make_config, 'sar'))
    alone.checkpoint_identity = mapper.model.checkpoint_identity
    mapper.model.specialists = {frozenset(['sar']): alone}
    mapper.make(rasters, OUT)
    assert is_finished(mapper, rasters, OUT)
    declared = alone.data_preprocessor.modalities
    declared['sar'] = replace(declared['sar'], nodata=5)
    check_made_again(mapper, rasters, caplog, 'declaration')


def test_a_grid_that_has_changed(mapper, rasters, caplog):
    mirror(rasters['opt'], 'like.tif')
    grid = SceneGrid('like.tif')
    mapper.make(rasters, OUT, grid=grid)
    os.utime('like.tif', ns=(1, 1))
    check_made_again(mapper, rasters, caplog, 'files', grid=grid)


def test_a_project_that_moves_as_a_whole(mapper, rasters, tmp_path):
    """Links to data elsewhere count as what they lead to."""
    mapper.make(rasters, OUT)
    os.rename(tmp_path / 'project', tmp_path / 'moved')
    os.chdir(tmp_path / 'moved')
    assert is_finished(mapper, rasters, OUT)
    absolute = {n: str(tmp_path / 'moved' / p) for n, p in rasters.items()}
    assert is_finished(mapper, absolute, OUT)
    shutil.copytree('scene', 'other')  # with its times
    assert not is_finished(
        mapper, rasters | dict(opt='other/opt.tif'), OUT, FINEST
    )
    os.symlink('scene', 'link')
    assert is_finished(mapper, rasters | dict(opt='link/opt.tif'), OUT)


def test_what_cannot_be_told_is_never_finished(mapper, rasters):
    with rasterio.open(rasters['opt']) as file:
        arrays = dict(opt=file.read())
    mapper.make(arrays, OUT)
    assert not is_finished(mapper, arrays, OUT)
    mapper.make(rasters, OUT)
    assert is_finished(mapper, rasters, OUT)
    del mapper.model.checkpoint_identity
    assert not is_finished(mapper, rasters, OUT)


def test_a_raster_that_is_gone(mapper, rasters):
    mapper.make(rasters, OUT)
    os.unlink(rasters['sar'])
    with pytest.raises(FileNotFoundError, match='sar.tif does not exist'):
        is_finished(mapper, rasters, OUT)


PRODUCTS = Products(
    area='area.csv',
    polygons='map.gpkg',
    accuracy='tables',
    reference='truth.tif',
)


@pytest.fixture
def finish(mapper, rasters, monkeypatch):
    """Map, with products; then see that the map stays when they are made."""
    mapper.make(rasters, OUT)
    shutil.copy('maps/map.tif', 'truth.tif')

    def finish(products, expected):
        files = replace(OUT, products=products)
        assert is_finished(mapper, rasters, files) == expected
        map_before = os.stat(OUT.out).st_mtime_ns
        with monkeypatch.context() as patch:
            patch.setattr(mapper.model, 'encode_decode', None)
            mapper.make(rasters, files, resume=True)
        assert os.stat(OUT.out).st_mtime_ns == map_before
        assert is_finished(mapper, rasters, files)

    finish(PRODUCTS, False)
    return finish


@pytest.mark.parametrize(
    'change',
    [
        dict(min_area=0.5),
        dict(sieve=5),
        dict(reference_ids={0: 1, 1: 0, 2: 2, 3: 3}),
        dict(area='other.csv'),
        dict(reference='other/truth.tif'),
    ],
)
def test_products_are_made_as_asked(finish, change):
    finish(PRODUCTS, True)
    mirror('truth.tif', 'other/truth.tif')
    if 'area' in change:
        Path('other.csv').write_text('of another map')
        os.utime('other.csv')
    tables = Path('tables/confusion_matrix.csv').read_text()
    finish(replace(PRODUCTS, **change), False)
    changed = Path('tables/confusion_matrix.csv').read_text() != tables
    assert changed == bool({'reference', 'reference_ids'} & {*change})
    finish(replace(PRODUCTS, **change), True)
    finish(Products(style='map.qml'), False)
    finish(Products(area=change.get('area', 'area.csv')), True)


def test_a_preview_of_another_reference(mapper, rasters, finish):
    def shown(products, expected):
        files = replace(OUT, preview='map.png', products=products)
        assert is_finished(mapper, rasters, files) == expected
        mapper.make(rasters, files, resume=True)
        assert is_finished(mapper, rasters, files)
        return Path('map.png').read_bytes()

    mirror('truth.tif', 'other.tif')
    without = shown(Products(), False)
    ours = shown(PRODUCTS, False)
    other = replace(PRODUCTS, reference='other.tif')
    make_products('maps/map.tif', other)
    theirs = shown(other, False)
    assert len({without, ours, theirs}) == 3
    assert shown(Products(), False) == without
    shown(Products(area='area.csv'), True)


def test_a_reference_that_has_changed(finish):
    rasterio.shutil.copy('truth.tif', 'truth.vrt', driver='VRT')
    finish(replace(PRODUCTS, reference='truth.vrt'), False)
    before = Path('tables/confusion_matrix.csv').read_text()
    mirror('truth.tif')
    finish(replace(PRODUCTS, reference='truth.vrt'), False)
    assert Path('tables/confusion_matrix.csv').read_text() != before
    finish(PRODUCTS, False)


def test_products_that_were_not_finished(finish, mapper, rasters, monkeypatch):
    files = replace(OUT, products=replace(PRODUCTS, min_area=0.5))

    def fail(*arguments):
        raise OSError('the disk is full')

    with (
        monkeypatch.context() as patch,
        pytest.raises(
            IncompleteError, match='is written, but the disk is full'
        ),
    ):
        patch.setattr('multimodal_rs.products.make.write_map_accuracy', fail)
        mapper.make(rasters, files, resume=True)
    finish(PRODUCTS, False)  # the polygons are those of 0.5 hectares


@pytest.mark.parametrize(
    ('change', 'expected'),
    [
        (dict(min_area=0.5, reference='other.tif'), False),
        (dict(sieve=5, polygons='elsewhere.gpkg', accuracy='others'), True),
    ],
)
def test_products_that_are_made_of_the_map_alone(finish, change, expected):
    """As tools/map_products.py makes them, over those of the mapping."""
    mirror('truth.tif', 'other.tif')
    changed = replace(PRODUCTS, **change)
    make_products('maps/map.tif', changed)
    if not expected:
        finish(changed, True)
    finish(PRODUCTS, expected)


def test_what_was_not_noted_is_not_noted_by_others(finish):
    os.unlink('maps/map.tif.aux.xml')
    make_products('maps/map.tif', PRODUCTS)
    assert not os.path.exists('maps/map.tif.aux.xml')


def test_notes_live_with_those_of_gdal(finish, rasters):
    with rasterio.open('maps/map.tif') as file:
        file.statistics(1)
    names = 'water', 'forest &amp; scrub'
    text = Path('maps/map.tif.aux.xml').read_text()
    assert 'STATISTICS_MEAN' in text
    assert all(f'<Category>{name}</Category>' in text for name in names)
    with rasterio.open('maps/map.tif') as file:
        assert 'area.csv' in file.tags()[notes.NOTE]
    finish(PRODUCTS, True)
    Path('maps/map.tif.aux.xml').write_text('<PAMDataset')
    with pytest.raises(ValueError, match='aux.xml cannot be read: .*delete'):
        finish(PRODUCTS, True)
    os.unlink('maps/map.tif.aux.xml')
    finish(PRODUCTS, False)


def test_every_option_of_products_is_noted():
    noted = {name for names in notes.OPTIONS.values() for name in names}
    paths = set(PRODUCTS.paths()) | {'style', 'reference'}
    assert {f.name for f in fields(Products)} == noted | paths
