"""BRIGHT: two layouts, a fourth band, no optical image, events."""

import shutil
from pathlib import Path

import pytest
import rasterio
from mmengine.config import Config

from base_datasets import CONFIGS, build, ids
from fake_data.bright import STEMS, TILES, make_bright
from fake_data.files import SIZE
from multimodal_rs.data_prep import bright
from multimodal_rs.utils.places import Places


@pytest.mark.parametrize('contest', [False, True])
def test_samples_of_both_layouts(tmp_path: Path, contest: bool) -> None:
    targets = make_bright(tmp_path, contest)
    tiles = TILES[:4] if contest else TILES
    dataset = build('bright', tmp_path, '\n'.join(tiles))
    for tile, sample in zip(tiles, dataset, strict=True):
        inputs, info = sample['inputs'], sample['data_samples']
        assert inputs['opt'].shape == (3, SIZE, SIZE)
        assert inputs['sar'].shape == (1, SIZE, SIZE)
        assert (info.gt_sem_seg.data.numpy() == targets[tile]).all()
        lacks_optical = tile == 'ukraine-conflict_00000003'
        assert inputs['opt'].isnan().all() == lacks_optical
        # Also where a fourth band would be transparent.
        assert inputs['opt'].isnan().any() == lacks_optical
        names = ('sar',) if lacks_optical else ('opt', 'sar')
        assert info.present_modalities == names
    for layer, stem in STEMS.items():
        there = set(TILES)
        if layer == 'pre-event':
            there.remove(TILES[2])
        if layer == 'target' and contest:
            there.remove(TILES[4])
        assert dataset.list_tiles(layer, f'_{stem}.tif') == sorted(there)


def test_lists_of_the_contest(tmp_path: Path) -> None:
    make_bright(tmp_path, contest=True)
    parts = [
        build('bright_dfc25', tmp_path, part=part)
        for part in ('train', 'val', 'test')
    ]
    assert [ids(part) for part in parts] == [
        list(TILES[:2]),
        list(TILES[2:3]),
        list(TILES[3:]),
    ]
    for tile in (*parts[0].tiles, *parts[2].tiles):
        assert Path(tile['img_path']).is_file()


def test_later_lists_of_the_contest(tmp_path: Path) -> None:
    make_bright(tmp_path)
    folder = tmp_path / 'splits/dfc25'
    folder.mkdir(parents=True)
    names = ('train', 'holdout', 'val', 'test')
    for name, tile in zip(names, TILES[1:], strict=True):
        (folder / f'{name}_set.txt').write_text(f'{tile}\n')
    for part, tile in zip(('train', 'val', 'test'), (1, 2, 4), strict=True):
        dataset = build('bright_dfc25_whole', tmp_path, part=part)
        assert ids(dataset) == [TILES[tile]]


def test_a_tile_in_two_places_is_named(tmp_path: Path) -> None:
    make_bright(tmp_path, contest=True)
    shutil.copytree(tmp_path / 'val/post-event', tmp_path / 'post-event')
    with pytest.raises(ValueError, match=r"folders, \['.', 'val'\]"):
        ids(build('bright', tmp_path, TILES[3]))


@pytest.mark.parametrize(
    'line',
    [
        'la_palma-volcano_00000465',
        'la_palma-volcano_00000465_post_disaster.tif',
        'train/pre-event/la_palma-volcano_00000465_pre_disaster.tif '
        'train/target/la_palma-volcano_00000465_building_damage.tif',
    ],
)
def test_line_formats(tmp_path: Path, line: str) -> None:
    dataset = build('bright', tmp_path, line)
    assert ids(dataset) == ['la_palma-volcano_00000465']


@pytest.mark.parametrize(
    'line', ['00000465', 'libya-flood_465', 'a-b_00000001 c-d_00000002']
)
def test_wrong_lines_are_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match='must name one tile') as error:
        ids(build('bright', tmp_path, line))
    assert repr(line) in str(error.value)
    assert 'data_prep/bright.py' in str(error.value)


def test_events_are_places() -> None:
    metric = Config.fromfile(CONFIGS / 'bright.py').test_evaluator[1]
    places = Places(metric.places, 'test')
    assert places.of('la_palma-volcano_00000465') == 'la_palma-volcano'
    assert places.of(TILES[0]) == 'bata-explosion'


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    make_bright(tmp_path)
    assert bright.main([str(tmp_path)]) == 0
    folder = tmp_path / 'splits/events'
    lists = {p.stem: p.read_text().split() for p in folder.glob('*.txt')}
    assert lists == dict(
        train=list(TILES[:3]), val=[TILES[3]], test=[TILES[4]]
    )
    written = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert bright.main([str(tmp_path)]) == 0
    assert {p: p.stat().st_mtime_ns for p in folder.iterdir()} == written
    assert bright.main([str(tmp_path), '--check']) == 0
    path = tmp_path / f'target/{TILES[0]}_building_damage.tif'
    with rasterio.open(path, 'r+') as file:
        file.write(4 + 0 * file.read())
    (tmp_path / f'post-event/{TILES[3]}_post_disaster.tif').unlink()
    capsys.readouterr()
    assert bright.main([str(tmp_path), '--check']) == 1
    out = capsys.readouterr().out
    assert f'{TILES[3]} lacks its sar' in out
    assert f'label ids {{4: {SIZE**2}}}' in out


def test_command_for_the_contest(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Targets of the last list were published later."""
    make_bright(tmp_path, contest=True)
    for path in (tmp_path / 'val/target').iterdir():
        path.unlink()
    words = [str(tmp_path), '--config', 'bright_dfc25.py']
    assert bright.main(words) == 0
    out = capsys.readouterr().out
    assert 'val_setlevel.txt: no tile has a label yet' in out
    assert (tmp_path / 'stats.json').is_file()
