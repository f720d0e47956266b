"""Split lists: sizes, determinism, scenes, the three scripts."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fake_data.ddhr import make_ddhr
from fake_data.dfc2020 import CITY_TILES, CONTEST_TILES, make_dfc2020
from fake_data.ombria import make_ombria
from helpers import contents
from multimodal_rs.data_prep import ddhr, dfc2020, ombria
from multimodal_rs.data_prep.splits import (
    hold_out,
    natural_sort,
    random_split,
    scene_split,
    write_split,
)

# Tiles per scene of the real data set.
SCENES = dict(
    spring_BlackForest=1444,
    autumn_CapeTown=1440,
    autumn_Mumbai=900,
    winter_KippaRing=684,
    autumn_BandarAnzali=676,
    summer_Chabarovsk=486,
    winter_MexicoCity=484,
)


def sizes(split: dict) -> list[int]:
    return [len(tiles) for tiles in split.values()]


@pytest.mark.parametrize(
    ('count', 'expected'),
    [
        (6114, [3670, 1222, 1222]),  # DFC2020 in the JoiTriNet paper
        (7831, [4699, 1566, 1566]),  # Dongying
        (5, [3, 1, 1]),
        (4, [4, 0, 0]),
    ],
)
def test_random_split_sizes(count: int, expected: list[int]) -> None:
    tiles = [f'tile{i}' for i in range(count)]
    split = random_split(tiles, seed=0)
    assert sizes(split) == expected
    assert natural_sort(sum(split.values(), [])) == tiles


def test_random_split_depends_on_the_seed_only() -> None:
    tiles = [f'tile{i}' for i in range(100)]
    first = random_split(tiles, seed=0)
    assert random_split(tiles[::-1], seed=0) == first
    assert random_split(tiles, seed=1) != first
    # The same on every machine: no random number generator is involved.
    assert first['val'][:4] == ['tile5', 'tile8', 'tile13', 'tile14']
    assert all(tiles == natural_sort(tiles) for tiles in first.values())


def test_hold_out() -> None:
    tiles = [f'{i:04}' for i in range(624)]
    stay, taken = hold_out(tiles, 62, seed=0)
    assert len(taken) == 62 and natural_sort(stay + taken) == tiles


def test_natural_sort() -> None:
    assert natural_sort(['p10', 'p9', '2021/A/10', '2021/A/9', '3']) == [
        '3',
        '2021/A/9',
        '2021/A/10',
        'p9',
        'p10',
    ]


def test_scene_split_keeps_scenes_together() -> None:
    tiles = ['a1', 'b1', 'a2', 'c1', 'b2']
    split = scene_split(tiles, lambda t: t[0], val=('b',), test=('c',))
    assert split == dict(train=['a1', 'a2'], val=['b1', 'b2'], test=['c1'])


def test_write_split(tmp_path: Path) -> None:
    split = dict(train=['a', 'b'], val=[])
    write_split(tmp_path / 'splits', split)
    before = contents(tmp_path)
    assert list(before) == [tmp_path / 'splits' / 'train.txt']
    assert before[tmp_path / 'splits/train.txt'][0] == b'a\nb\n'
    write_split(tmp_path / 'splits', split)
    assert contents(tmp_path) == before
    # Tiles that a list had before may be in another one now.
    write_split(tmp_path / 'splits', dict(split, val=['b']))
    write_split(tmp_path / 'splits', split)
    assert contents(tmp_path) == before


def test_dfc2020_city_scenes() -> None:
    tiles = [
        f'ROIs0000_{scene}_p{i}'
        for scene, count in SCENES.items()
        for i in range(count)
    ]
    splits = dfc2020.make_splits(tiles, seed=0)
    assert sizes(splits['random-622-seed0']) == [3670, 1222, 1222]
    assert sizes(splits['geographic']) == [3784, 1162, 1168]


def test_dfc2020_contest_folders() -> None:
    tiles = [
        *(f'ROIs0000_test_0_p{i}' for i in range(5128)),
        *(f'ROIs0000_validation_0_p{i}' for i in range(986)),
    ]
    splits = dfc2020.make_splits(tiles, seed=0)
    geographic = splits['geographic']
    assert sizes(geographic) == [4103, 1025, 986]
    assert geographic['train'][-1] == 'ROIs0000_test_0_p4102'
    assert geographic['val'][0] == 'ROIs0000_test_0_p4103'
    assert all('_validation_' in tile for tile in geographic['test'])


def test_dfc2020_layouts_must_not_be_mixed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='contest layout and the city layout'):
        dfc2020.make_splits([*CITY_TILES, *CONTEST_TILES], seed=0)


SCRIPTS = [
    pytest.param(
        'dfc2020_rgb.py',
        dfc2020.main,
        lambda root: make_dfc2020(root, CITY_TILES),
        {'random-622-seed0': [3, 1, 1], 'geographic': [3, 1, 1]},
        id='dfc2020-city',
    ),
    pytest.param(
        'dfc2020_s2.py',
        dfc2020.main,
        lambda root: make_dfc2020(root, CONTEST_TILES),
        {'random-622-seed0': [8, 2, 2], 'geographic': [8, 2, 2]},
        id='dfc2020-contest',
    ),
    pytest.param(
        'xian.py',
        ddhr.main,
        lambda root: make_ddhr(root, 10),
        {'random-622-seed0': [6, 2, 2]},
        id='ddhr',
    ),
    pytest.param(
        'ombria.py',
        ombria.main,
        make_ombria,
        {'official-seed0': [18, 2, 3, 2]},
        id='ombria',
    ),
]


@pytest.mark.parametrize(('config', 'main', 'make', 'lists'), SCRIPTS)
def test_scripts(
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    config: str,
    main: Callable,
    make: Callable,
    lists: dict[str, list[int]],
) -> None:
    make(tmp_path)
    source = contents(tmp_path)

    def run(*options: str) -> int:
        return main([str(tmp_path), '--config', config, *options])

    assert run() == 0
    written = contents(tmp_path)
    assert source.items() <= written.items()
    for folder, counts in lists.items():
        names = ('train', 'val', 'test', '2021')
        paths = [tmp_path / 'splits' / folder / f'{n}.txt' for n in names]
        found = [p.read_text().count('\n') for p in paths if p.exists()]
        assert found == counts
    assert 'mean=[' in capsys.readouterr().out
    assert run() == 0
    assert contents(tmp_path) == written  # byte for byte, and not rewritten
    assert run('--check') == 0
    assert 'Nothing wrong was found' in capsys.readouterr().out
    assert contents(tmp_path) == written


def test_script_needs_the_list_of_its_config(tmp_path: Path) -> None:
    make_ombria(tmp_path)
    with pytest.raises(FileNotFoundError, match='official-seed0/train.txt'):
        ombria.main([str(tmp_path), '--seed', '7'])
    assert (tmp_path / 'splits/official-seed7/train.txt').is_file()


def test_ombria_keeps_floods_apart() -> None:
    tiles = [
        f'{"test" if n % 10 == 0 else "train"}/{n:04}' for n in range(1, 788)
    ]
    split = ombria.make_splits([*tiles, '2021/ALBANIA/3'], 0)['floods-seed0']
    assert {'train/0001', 'train/0258', 'train/0787'} <= set(split['test'])
    others = [*split['train'], *split['val']]
    assert not any(ombria.lies_apart(tile) for tile in others)
    assert {'train/0032', 'train/0257', 'train/0436'} <= set(others)
    assert sorted([*others, *split['test']]) == sorted(tiles)


def test_script_names_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='no tile has all of') as caught:
        ombria.main([str(tmp_path)])
    assert os.fspath(tmp_path) in str(caught.value)


def test_script_finds_the_layout_deeper_or_with_other_endings(
    tmp_path: Path,
) -> None:
    with pytest.raises(ValueError, match='no such folder'):
        ddhr.main([str(tmp_path / 'none'), '--config', 'xian.py'])
    make_ddhr(tmp_path / 'DDHR/xian', 1)
    with pytest.raises(ValueError, match='DDHR/xian: move its contents up'):
        ddhr.main([str(tmp_path), '--config', 'xian.py'])
    root = tmp_path / 'DDHR/xian'
    for path in list(root.rglob('*.*g')):
        path.rename(path.with_suffix(path.suffix.upper()))
    with pytest.raises(ValueError, match=r"'sar': '\.JPG', 'label': '\.PNG'"):
        ddhr.main([str(root), '--config', 'xian.py'])


def test_incomplete_tiles_are_in_no_list(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_ddhr(tmp_path, 10)
    (tmp_path / 'GF3/4.jpg').unlink()
    assert ddhr.main([str(tmp_path), '--config', 'xian.py']) == 0
    assert '1 tiles lack a file' in capsys.readouterr().out
    lists = (tmp_path / 'splits').rglob('*.txt')
    listed = ''.join(path.read_text() for path in lists).split()
    assert natural_sort(listed) == [str(i) for i in range(1, 11) if i != 4]
