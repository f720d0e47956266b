"""A folder of one's own: from scenes on different grids to a training list."""

import itertools
import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
from mmengine.config import Config
from mmseg.registry import DATASETS
from rasterio import Affine

from fake_data.files import write_tif
from helpers import ROOT, contents, undated
from multimodal_rs.data_prep import mine, scenes
from multimodal_rs.data_prep.blocks import map_blocks
from multimodal_rs.data_prep.mine import scene_of
from multimodal_rs.data_prep.prepare import build_dataset
from multimodal_rs.data_prep.splits import grouped_split

CONFIG = """
_base_ = {base!r}
modalities = dict(
    opt=dict(dir='optical', file_bands=['B2', 'B3', 'B4', 'B8'],
             bands=['B4', 'B3', 'B2'], nodata=0, nodata_when='all'),
    sar=dict(dir='sar', suffix='_s1.tif', bands=[0, 1]),
    dem=dict(dir='dem', bands=[0], optional=True))
dataset = dict(
    type='MultiModalSegDataset', modalities=modalities,
    label=dict(dir='label', ids={{10: 0, 20: 1, 0: 255}}),
    metainfo=dict(classes=('field', 'town'), palette=[[0] * 3, [9] * 3]))
train_dataloader, val_dataloader, test_dataloader = (
    dict(dataset=dict(**dataset, ann_file=f'{{part}}.txt'))
    for part in ('train', 'val', 'test'))
"""
CRS = 'EPSG:32632'
SIZE = 96  # pixels of 10 m


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / 'own.py'
    base = str(ROOT / 'configs/_base_/datasets/multimodal.py')
    path.write_text(CONFIG.format(base=base))
    return path


def make_scene(root: Path, number: int, dem: bool = True) -> None:
    """Optical of 10 m with an empty wedge, SAR of 20 m, label of 10 m."""
    rng = np.random.default_rng(number)
    scene = root / 'scenes' / f's{number}'
    x, y = 500000 + 5000 * number, 4000000
    fine = Affine(10, 0, x, 0, -10, y)
    coarse = Affine(20, 0, x - 40, 0, -20, y + 40)
    opt = rng.integers(1, 3000, (4, SIZE, SIZE), np.uint16)
    opt[:, :40, :40] = 0
    write_tif(scene / 'opt.tif', opt, CRS, fine)
    sar = rng.normal(-12, 2, (2, 60, 60)).astype(np.float32)
    write_tif(scene / 'sar.tif', sar, CRS, coarse)
    label = np.where(np.arange(SIZE) < 50, 10, 20).astype(np.uint8)
    label = np.tile(label, (1, SIZE, 1))
    label[0, -32:, -32:] = 0
    write_tif(scene / 'label.tif', label, CRS, fine)
    if dem:
        heights = rng.normal(500, 9, (1, 20, 20)).astype(np.float32)
        place = Affine(30, 0, x, 0, -30, y)
        write_tif(scene / 'dem.tif', heights, CRS, place)


def test_from_scenes_to_statistics(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture
) -> None:
    root = tmp_path / 'data'
    for number in range(5):
        make_scene(root, number, dem=number != 2)
    run = [str(root), '--config', str(config)]
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        mine.main(run)
    assert 'Add --like NAME' in str(error.value)
    options = ['--tile', '32', '--like', 'opt', '--split', 'scene']
    assert mine.main([*run, *options]) == 0
    report = capsys.readouterr().out
    assert 'mean=[' in report and 'class_weight=[' in report
    # 9 tiles a scene; one is empty, one has no label.
    tiles = sorted((root / 'optical/s0').glob('*.tif'))
    assert [t.stem for t in tiles] == [
        f'{top:05}_{left:05}'
        for top, left in itertools.product((0, 32, 64), repeat=2)
        if (top, left) not in ((0, 0), (64, 64))
    ]
    with (
        rasterio.open(tiles[0]) as file,
        rasterio.open(root / 'scenes/s0/opt.tif') as scene,
    ):
        assert file.dtypes == ('uint16',) * 4  # its own grid: as it was
        assert (file.read() == scene.read()[:, :32, 32:64]).all()
    with rasterio.open(root / 'sar/s0/00000_00032_s1.tif') as file:
        assert file.shape == (32, 32) and not np.isnan(file.read()).any()
        assert file.dtypes == ('float32',) * 2 and np.isnan(file.nodata)
        assert (file.transform.c, file.transform.f) == (500320, 4000000)
    # The terrain model ends after 60 of 96 pixels.
    with rasterio.open(root / 'dem/s0/00032_00032.tif') as file:
        assert np.isnan(file.read()[0]).sum() == 32 * 32 - 28 * 28
    lists = {
        part: (root / f'{part}.txt').read_text().split()
        for part in ('train', 'val', 'test')
    }
    assert {p: len(t) for p, t in lists.items()} == dict(
        train=21, val=7, test=7
    )
    scenes = [{t.split('/')[0] for t in part} for part in lists.values()]
    assert not any(a & b for a, b in itertools.combinations(scenes, 2))

    written = contents(root)
    assert mine.main([*run, '--split', 'scene']) == 0  # options are remembered
    assert contents(root) == written
    assert mine.main([*run, '--check']) == 0
    assert 'Nothing wrong was found' in capsys.readouterr().out
    assert contents(root) == written
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        mine.main([*run, '--tile', '64'])
    assert 'cut with' in str(error.value)

    settings = Config.fromfile(config).train_dataloader.dataset
    settings.update(data_root=str(root))
    dataset = DATASETS.build(settings)
    sample = dataset[0]
    assert sample['inputs']['opt'].shape == (3, 32, 32)
    labels = json.loads((root / 'stats.json').read_text())['own']['labels']
    counts = labels['lists']['train']
    assert sum(counts['pixels']) + counts['ignored'] == 21 * 32 * 32


def test_interrupted_cutting_goes_on(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture
) -> None:
    whole, resumed = tmp_path / 'whole', tmp_path / 'resumed'
    options = ['--tile', '32', '--like', 'opt', '--split', 'random']
    for root in (whole, resumed):
        for number in range(2):
            make_scene(root, number)
        for path in (root / 'scenes').rglob('*.tif'):
            os.utime(path, (9, 9))  # cut.json tells the times
        assert mine.main([str(root), '--config', str(config), *options]) == 0
    for path in (resumed / 'cut.json', resumed / 'sar/s1/00032_00032_s1.tif'):
        path.unlink()
    run = [str(resumed), '--config', str(config), *options]
    capsys.readouterr()
    assert mine.main([*run, '--check']) == 1
    assert 'SCENE NOT CUT COMPLETELY' in capsys.readouterr().out
    assert mine.main(run) == 0
    assert {
        p.relative_to(whole): undated(c[0]) for p, c in contents(whole).items()
    } == {
        p.relative_to(resumed): undated(c[0])
        for p, c in contents(resumed).items()
    }
    # Scenes may go once they are cut.
    for path in (resumed / 'scenes').rglob('*.tif'):
        path.unlink()
    for path in (resumed / 'scenes').iterdir():
        path.rmdir()
    assert mine.main(run) == mine.main([*run, '--check']) == 0


def test_files_that_lie_elsewhere(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture
) -> None:
    """A file per band, in any order, named by the bands of the config."""
    make_scene(tmp_path / 'other', 3)
    source = tmp_path / 'other/scenes/s3'
    with rasterio.open(source / 'opt.tif') as file:
        bands, place = file.read(), file.transform
    names = ['B8', 'B2', 'B4', 'B3']
    for name, i in zip(names, (3, 0, 2, 1), strict=True):
        path = tmp_path / f'T32_{name}_10m.tif'
        write_tif(path, bands[i : i + 1], CRS, place)
    files = ','.join(str(tmp_path / f'T32_{n}_10m.tif') for n in names)
    scene = ['north', f'opt={files}', f'sar={source}/sar.tif']
    scene += [f'label={source}/label.tif', f'dem={source}/dem.tif']
    root = tmp_path / 'data'
    run = [str(root), '--config', str(config), '--scene', *scene]
    run += ['--like', 'opt', '--tile', '32', '--overlap', '16']
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        mine.main([*run, '--split', 'random'])
    assert 'trained on' in str(error.value)
    assert mine.main([*run, '--split', 'block', '--block', '400']) == 0
    tile = root / 'optical/north/00048_00016.tif'
    with rasterio.open(tile) as file:
        assert (file.read() == bands[:, 48:80, 16:48]).all()
    with pytest.raises(ValueError, match='--overlap must be at least 0'):
        mine.main([str(tmp_path / 'new'), *run[1:], '--overlap', '32'])


def test_folder_with_a_file_per_band(tmp_path: Path, config: Path) -> None:
    make_scene(tmp_path, 0)
    scene = tmp_path / 'scenes/s0'
    with rasterio.open(scene / 'opt.tif') as file:
        bands, place = file.read(), file.transform
    (scene / 'opt.tif').unlink()
    for name, band in zip(('B2', 'B3', 'B4', 'B8'), bands, strict=True):
        write_tif(scene / f'opt/{name}.tif', band[None], CRS, place)
    # What systems leave behind.
    (scene / 'opt/._B2.tif').write_bytes(b'x')
    (scene.parent / '.cache').mkdir()
    run = [str(tmp_path), '--config', str(config), '--like', 'opt']
    run += ['--tile', '32', '--split', 'random']
    assert mine.main(run) == 0
    with rasterio.open(tmp_path / 'optical/s0/00032_00032.tif') as file:
        assert (file.read() == bands[:, 32:64, 32:64]).all()


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda s: (s / 'sar.tif').unlink(), 's0 lacks sar, it has'),
        (
            lambda s: write_tif(s / 'opt/B2.tif', np.ones((1, 9, 9))),
            "expected one file, or one folder, of opt, got ['B2.tif'",
        ),
        (
            lambda s: (s / 'opt.tif').rename(s / 'opt.jpg'),
            's0 lacks opt',
        ),
    ],
)
def test_incomplete_scenes_are_named(
    tmp_path: Path,
    config: Path,
    capsys: pytest.CaptureFixture,
    change,
    message: str,
) -> None:
    make_scene(tmp_path, 0)
    change(tmp_path / 'scenes/s0')
    run = [str(tmp_path), '--config', str(config), '--like', 'opt']
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        mine.main(run)
    assert message in str(error.value)
    assert not (tmp_path / 'optical').exists()


def test_missing_bands_and_odd_options_are_named(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture
) -> None:
    make_scene(tmp_path, 0)
    scene = tmp_path / 'scenes/s0'
    run = [str(tmp_path), '--config', str(config)]
    for options, message in (
        (['--like', 'red'], "['red'], expected some of ['opt', 'sar'"),
        (['--like', 'opt', '--resampling', 'label=average'], 'nearest'),
        (['--resolution', '20'], '--resolution needs --like'),
        (['--like', 'opt', '--scene', 'x', 'nir=a.tif'], "'nir=a.tif'"),
    ):
        with pytest.raises((ValueError, FileNotFoundError)) as error:
            mine.main([*run, *options])
        assert message in str(error.value)
    (scene / 'opt.tif').unlink()
    for name in ('B2', 'B3', 'B4'):
        write_tif(scene / f'opt/{name}.tif', np.ones((1, 9, 9), np.uint8))
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        mine.main([*run, '--like', 'sar'])
    assert "expected one file with 'B8'" in str(error.value)


def test_lists_of_others_are_not_replaced(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture
) -> None:
    for number in range(3):
        make_scene(tmp_path, number)
    run = [str(tmp_path), '--config', str(config)]
    options = ['--tile', '32', '--like', 'opt']
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        mine.main([*run, *options])
    assert '--split random, scene or block' in str(error.value)
    (tmp_path / 'val.txt').write_text('s0/00000_00032\n')
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        mine.main([*run, '--split', 'scene'])
    assert 'val.txt exists' in str(error.value)
    assert not (tmp_path / 'train.txt').exists()
    (tmp_path / 'train.txt').write_bytes('s1/00032_00032'.encode('utf-16'))
    assert mine.main(run) == 0  # own lists, own encoding


def test_blocks_of_the_map(tmp_path: Path, config: Path) -> None:
    tiles = []
    for row, column in itertools.product(range(6), repeat=2):
        tiles.append(f'{row}_{column}')
        place = Affine(10, 0, 320 * column, 0, -10, 6000 - 320 * row)
        path = tmp_path / f'optical/{tiles[-1]}.tif'
        write_tif(path, np.ones((4, 32, 32), np.uint8), CRS, place)
    dataset = build_dataset(config, tmp_path)
    blocks = map_blocks(dataset, tiles, side=960)
    assert len(set(blocks.values())) == 6  # 3 columns wide, cut once in y
    split = grouped_split(
        tiles, blocks.__getitem__, dict(train=6, val=2, test=2), seed=0
    )
    parts = [{blocks[t] for t in part} for part in split.values()]
    assert not any(a & b for a, b in itertools.combinations(parts, 2))
    assert sorted(sum(split.values(), [])) == sorted(tiles)
    assert len(set(map_blocks(dataset, tiles).values())) <= 4
    write_tif(tmp_path / 'optical/x.tif', np.ones((4, 32, 32), np.uint8))
    with pytest.raises(ValueError, match='tile x: none of its files'):
        map_blocks(dataset, ['x'])


@pytest.mark.parametrize('groups', [3, 4, 5, 10, 100])
def test_shares_of_groups(groups: int) -> None:
    tiles = [f'{g}/{i}' for g in range(groups) for i in range(10 + g % 3)]
    shares = dict(train=6, val=2, test=2)

    def group_of(tile: str) -> str:
        return tile.split('/')[0]

    split = grouped_split(tiles, group_of, shares, seed=0)
    assert sorted(sum(split.values(), [])) == sorted(tiles)
    found = {n: len(part) / len(tiles) for n, part in split.items()}
    assert all(found.values())
    largest = 13 / len(tiles)
    assert all(abs(found[n] - shares[n] / 10) <= largest for n in shares)
    assert split == grouped_split(tiles[::-1], group_of, shares, seed=0)
    other = grouped_split(tiles, group_of, shares, seed=1)
    assert groups < 10 or split != other


def test_too_few_groups_are_named() -> None:
    with pytest.raises(ValueError, match='2 tiles make 1 groups'):
        grouped_split(['a', 'b'], lambda t: 'g', dict(train=6, val=2), 0)


def test_scene_of_a_tile() -> None:
    assert scene_of('north/3/0_0', None) == 'north/3'
    assert scene_of('north_12_7', '^([^_]*)_') == 'north'
    with pytest.raises(ValueError, match='--scene-of'):
        scene_of('north_12', None)


def test_other_tiles_than_those_of_a_killed_run(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_scene(tmp_path, 0)
    run = [str(tmp_path), '--config', str(config), '--like', 'opt', '--tile']
    write, times = scenes.write_tile, itertools.count()

    def killed(*arguments: object) -> None:
        if next(times) == 3:
            raise KeyboardInterrupt
        write(*arguments)

    monkeypatch.setattr(scenes, 'write_tile', killed)
    with pytest.raises(KeyboardInterrupt):
        mine.main([*run, '32'])
    with pytest.raises(ValueError, match="were cut with .*'tile': 32"):
        mine.main([*run, '16'])


def test_lists_keep_their_declared_names(tmp_path: Path, config: Path) -> None:
    text = config.read_text().replace("f'{part}.txt'", "f'lists/{part}.lst'")
    config.write_text(text)
    args = SimpleNamespace(folder=tmp_path, seed=0)
    mine._write_lists(args, config, str, ['a', 'b', 'c', 'd', 'e'])
    names = {path.name for path in (tmp_path / 'lists').iterdir()}
    assert names == {'test.lst', 'train.lst', 'val.lst'}


def test_changed_files_are_measured(tmp_path: Path, config: Path) -> None:
    make_scene(tmp_path, 0)
    run = [str(tmp_path), '--config', str(config), '--tile', '32']
    run += ['--like', 'opt', '--split', 'random']
    mine.main(run)
    for layer, number in (('sar', -40), ('label', 20)):
        for path in (tmp_path / layer).rglob('*.tif'):
            with rasterio.open(path, 'r+') as file:
                file.write(np.full_like(file.read(), number))
    target = tmp_path / 'stats.json'
    numbers = json.loads(target.read_text())
    numbers['own']['measured'] -= 10**10  # clocks of files tick slowly
    target.write_text(json.dumps(numbers))
    mine.main(run)
    numbers = json.loads(target.read_text())['own']
    assert numbers['modalities']['sar']['mean'] == [-40, -40]
    for counts in numbers['labels']['lists'].values():
        assert counts['pixels'][0] == 0 < counts['pixels'][1]


@pytest.mark.parametrize(('like', 'tile'), [('opt', '32'), ('sar', '16')])
def test_masked_labels_stay_masked(
    tmp_path: Path, config: Path, like: str, tile: str
) -> None:
    make_scene(tmp_path, 0)
    with rasterio.open(tmp_path / 'scenes/s0/label.tif', 'r+') as file:
        file.write_mask(file.read(1) != 10)
    run = [str(tmp_path), '--config', str(config), '--tile', tile]
    mine.main([*run, '--like', like, '--split', 'random'])
    numbers = json.loads((tmp_path / 'stats.json').read_text())['own']
    for counts in numbers['labels']['lists'].values():
        assert counts['pixels'][0] == 0 < counts['pixels'][1]
