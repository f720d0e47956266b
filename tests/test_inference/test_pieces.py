"""A scene that was ended early goes on after its last finished rows."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio

from multimodal_rs.inference.grids import FINEST, SceneGrid
from multimodal_rs.inference.pieces import Pieces, piece_folder
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.scene import SceneFiles, predict_scene
from multimodal_rs.inference.windowed import Windows
from small_network import CLASSES, PALETTE

HEIGHT = 700
WINDOWS = Windows(64, 32, 3)


@pytest.fixture
def rasters(make_scene):
    def edit(data):
        data['sar'][:, 240:280, 10:] = np.nan  # an edge between two pieces
        data['opt'][:, 500:520, :20] = 0

    return make_scene(HEIGHT, 80, edit=edit)


@pytest.fixture
def network(model):
    model.checkpoint_identity = dict(checkpoint='a.pth', checkpoint_sha256='1')
    return model


def files_in(folder):
    names = ('map', 'percent', 'sure', 'sensors')
    return SceneFiles(*(folder / f'{name}.tif' for name in names))


def predict(
    model,
    rasters,
    folder,
    windows=WINDOWS,
    resume=False,
    maps=None,
    grid=FINEST,
):
    maps = maps or files_in(folder)
    names = CLASSES, PALETTE, windows, False, grid
    return predict_scene(model, rasters, maps, *names, resume=resume)


def contents(folder):
    found = {}
    for path in files_in(folder).paths():
        with rasterio.open(path) as file:
            found[path.name] = file.read(), file.tags() | dict(date='')
    return found


def check_same(folder, other):
    one, two = contents(folder), contents(other)
    for name, (data, tags) in one.items():
        np.testing.assert_array_equal(data, two[name][0])
        assert tags == two[name][1]
    hidden = [p.name for p in folder.iterdir() if p.name.startswith('.')]
    assert hidden == []


class Recorder:
    """Which windows are read, and Ctrl-C in the middle of a scene."""

    def __init__(self, monkeypatch):
        self.tops = []
        read = SceneRasters.read

        def recorded(scene, window):
            self.tops.append(window.top)
            return read(scene, window)

        monkeypatch.setattr(SceneRasters, 'read', recorded)

    def end_early(self, model, calls):
        """Let the network end the process, so to speak, at a call."""
        encode = type(model).encode_decode
        left = [calls]

        def encode_decode(*arguments):
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
            return encode(model, *arguments)

        model.encode_decode = encode_decode

    def rows_of_windows(self):
        found, self.tops = sorted(set(self.tops)), []
        return found


@pytest.fixture
def recorder(monkeypatch):
    return Recorder(monkeypatch)


def ended(network, rasters, folder, recorder, calls=20, grid=FINEST):
    recorder.end_early(network, calls)
    with pytest.raises(KeyboardInterrupt):
        predict(network, rasters, folder, grid=grid)
    del network.encode_decode
    assert list(folder.glob('*.tif')) == []
    pieces = Pieces(piece_folder(folder / 'map.tif'), (HEIGHT, 80), 8)
    recorder.rows_of_windows()
    return pieces.spans()


@pytest.mark.parametrize(
    ('calls', 'spans'),
    [(3, []), (15, [(0, 272)]), (25, [(0, 272), (272, 528)])],
)
def test_goes_on_bit_for_bit_after_the_finished_rows(
    network, rasters, tmp_path, recorder, caplog, calls, spans
):
    predict(network, rasters, tmp_path / 'whole')
    every = recorder.rows_of_windows()
    folder = tmp_path / 'killed'
    assert ended(network, rasters, folder, recorder, calls) == spans
    caplog.clear()
    predict(network, rasters, folder, resume=True)
    check_same(folder, tmp_path / 'whole')
    last = spans[-1][1] if spans else 0
    # Only windows that unfinished rows need.
    needed = [top for top in every if top + WINDOWS.crop > last]
    assert recorder.rows_of_windows() == needed
    said = f'goes on after {last} of {HEIGHT} rows' if spans else ''
    assert said in caplog.text


def test_all_rows_are_finished(network, rasters, tmp_path, monkeypatch):
    """Ended while the maps were put together."""
    from multimodal_rs.inference import scene

    predict(network, rasters, tmp_path / 'whole')

    def end(*arguments):
        raise SystemExit(143)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(scene, 'layer_file', end)
        predict(network, rasters, tmp_path / 'killed')
    monkeypatch.setattr(network, 'encode_decode', None)  # not needed
    predict(network, rasters, tmp_path / 'killed', resume=True)
    check_same(tmp_path / 'killed', tmp_path / 'whole')


def touch(path):
    os.utime(path, ns=(0, 0))


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        (dict(resume=False), '--resume would have gone on'),
        (dict(windows=Windows(64, 16, 3)), 'made of other windows'),
        (dict(windows=Windows(64, 32, 2)), 'made of other batch_size'),
        (dict(maps='fewer'), 'made of other maps'),
        ('raster', 'made of other files'),
        ('another raster', 'made of other files'),
        ('checkpoint', 'made of other checkpoint_sha256'),
    ],
)
def test_starts_over_and_says_so(
    network, rasters, tmp_path, recorder, caplog, change, reason
):
    folder = tmp_path / 'killed'
    assert ended(network, rasters, folder, recorder)
    options = dict(resume=True)
    if change == 'raster':
        touch(rasters['sar'])
    elif change == 'another raster':  # of this name, size and time
        (tmp_path / 'other').mkdir()
        rasters['sar'] = shutil.copy2(rasters['sar'], tmp_path / 'other')
    elif change == 'checkpoint':
        network.checkpoint_identity['checkpoint_sha256'] = '2'
    else:
        options |= change
    if 'maps' in options:
        options['maps'] = SceneFiles(folder / 'map.tif')
    caplog.clear()
    predict(network, rasters, folder, **options)
    assert -16 in recorder.rows_of_windows() or 'windows' in options
    assert (
        f'removed finished rows of a run that has ended early: {reason}'
        in (caplog.text.replace('they were ', '').replace('a run with ', ''))
    )
    assert not piece_folder(folder / 'map.tif').exists()


def test_what_cannot_be_told_starts_over(
    network, rasters, tmp_path, recorder, caplog
):
    arrays = {}
    for name, path in rasters.items():
        with rasterio.open(path) as file:
            arrays[name] = file.read()
    assert ended(network, arrays, tmp_path / 'a', recorder)
    predict(network, arrays, tmp_path / 'a', resume=True)
    assert 'made of other origin' in caplog.text
    del network.checkpoint_identity
    assert ended(network, rasters, tmp_path / 'b', recorder)
    caplog.clear()
    predict(network, rasters, tmp_path / 'b', resume=True)
    assert 'made of other origin' in caplog.text


def test_an_error_leaves_nothing(network, rasters, tmp_path, recorder):
    folder = tmp_path / 'killed'
    assert ended(network, rasters, folder, recorder)

    def fail(*arguments):
        raise RuntimeError('out of memory')

    network.encode_decode = fail
    with pytest.raises(RuntimeError, match='out of memory'):
        predict(network, rasters, folder, resume=True)
    assert list(folder.iterdir()) == []


def test_a_damaged_piece_is_made_again(
    network, rasters, tmp_path, recorder, caplog
):
    predict(network, rasters, tmp_path / 'whole')
    folder = tmp_path / 'killed'
    assert len(ended(network, rasters, folder, recorder, 25)) == 2
    first, second = sorted(piece_folder(folder / 'map.tif').glob('*.tif'))
    first.write_bytes(first.read_bytes()[:-3000])
    caplog.clear()
    predict(network, rasters, folder, resume=True)
    assert f'{first} is damaged' in caplog.text
    check_same(folder, tmp_path / 'whole')


def test_missing_rows(tmp_path):
    pieces = Pieces(tmp_path, (1000, 5), 1)
    assert pieces.missing(0, 1000) == [(0, 1000)]
    for top, end in ((300, 420), (0, 100), (420, 600), (900, 1000)):
        pieces.add(top, np.full((1, end - top, 5), top // 10, 'uint8'))
        pieces.finish()
    assert pieces.missing(0, 1000) == [(100, 300), (600, 900)]
    assert pieces.missing(0, 500) == [(100, 300)]
    assert pieces.missing(150, 700) == [(150, 300), (600, 700)]
    assert pieces.missing(300, 600) == [] == pieces.missing(920, 1000)
    for first, end in pieces.missing(0, 1000):
        for top in range(first, end, 50):
            pieces.add(top, np.full((1, 50, 5), 7, 'uint8'))
        pieces.finish()
    rows = np.concatenate(list(pieces.read([0])), axis=1)
    assert rows.shape == (1, 1000, 5)
    assert rows[0, 100:300].min() == 7 and rows[0, 430].max() == 42


def test_rows_of_a_damaged_raster(
    network, rasters, tmp_path, recorder, caplog
):
    """It is known that they are, not where."""
    grid = SceneGrid(unreadable='nodata')
    assert ended(network, rasters, tmp_path, recorder, grid=grid)
    predict(network, rasters, tmp_path, resume=True, grid=grid)
    assert 'could not be read are not said again' in caplog.text


def test_long_names_have_folders_of_their_own(tmp_path):
    names = ['x' * 200 + end for end in ('a.tif', 'b.tif')]
    first, second = (piece_folder(tmp_path / name) for name in names)
    assert first != second
    assert piece_folder(Path('map.tif')) != piece_folder(Path('map.tiff'))
    first.mkdir()
