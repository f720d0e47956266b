"""Nested lists of few labels."""

from pathlib import Path

import pytest

from fake_data.dfc2020 import CITY_TILES, make_dfc2020
from fake_data.ombria import make_ombria
from multimodal_rs.data_prep import label_fractions, ombria
from multimodal_rs.utils.installation import dataset_config


@pytest.mark.parametrize(
    ('count', 'expected'),
    [
        (4891, [48, 489, 1467, 4891]),  # the authors' lists of DFC2020
        (562, [5, 56, 168, 562]),
        (7, [1, 1, 2, 7]),
    ],
)
def test_each_list_begins_with_the_smaller_ones(count, expected) -> None:
    tiles = [f'p{i}' for i in range(count)]
    parts = list(
        label_fractions.fractions(tiles, (1, 10, 30, 100), 0).values()
    )
    assert [len(part) for part in parts] == expected
    for small, large in zip(parts[:-1], parts[1:], strict=True):
        assert large[: len(small)] == small
    assert sorted(parts[-1]) == sorted(tiles)
    assert parts[-1] != tiles
    other = label_fractions.fractions(tiles, (100,), 1)[100]
    assert other != parts[-1]


def test_script(tmp_path: Path, capsys) -> None:
    make_ombria(tmp_path)
    ombria.main([str(tmp_path)])
    arguments = [str(tmp_path), '--config', 'ombria.py', '--percent', '10']
    assert label_fractions.main([*arguments, '50']) == 0
    folder = tmp_path / 'splits/official-seed0'
    train = (folder / 'train.txt').read_text().split()
    lists = [
        (folder / f'labels-{p}' / 'train.txt').read_text().split()
        for p in (10, 50)
    ]
    assert [len(part) for part in lists] == [1, 9]
    assert set(lists[0]) < set(lists[1]) < set(train)
    before = {p: p.stat().st_mtime_ns for p in folder.rglob('*.txt')}
    assert label_fractions.main([*arguments, '50']) == 0
    assert {p: p.stat().st_mtime_ns for p in folder.rglob('*.txt')} == before
    # --check compares lists of one folder: nested ones are no finding.
    capsys.readouterr()
    assert ombria.main([str(tmp_path), '--check']) == 0
    assert 'labels-50' in capsys.readouterr().out


def test_authors_lists_are_divided_by_tile(tmp_path: Path) -> None:
    make_dfc2020(tmp_path, CITY_TILES)
    base = dataset_config('dfc2020_rgb.py')
    config = tmp_path / 'config.py'
    config.write_text(
        f'_base_ = {str(base)!r}\ntrain_dataloader = dict(dataset=dict('
        "ann_file='lists/train_list.txt'))\n"
    )
    lines = ['id,lbl,opt,sar']
    for tile in CITY_TILES:
        _, season, city, number = tile.split('_')
        paths = (
            f'E:\\Data\\DFC2020\\ROIs0000_{season}\\{layer}_{city}\\'
            f'ROIs0000_{season}_{layer}_{city}_{number}.tif'
            for layer in ('dfc', 's2', 's1')
        )
        name = f'ROIs0000_{season}_dfc_{city}_{number}'
        lines.append(','.join([name, *paths]))
    (tmp_path / 'lists').mkdir()
    (tmp_path / 'lists/train_list.txt').write_text('\n'.join(lines))
    arguments = [str(tmp_path), '--config', str(config), '--percent', '100']
    assert label_fractions.main(arguments) == 0
    written = tmp_path / 'lists/labels-100/train_list.txt'
    assert sorted(written.read_text().split()) == sorted(CITY_TILES)


def test_missing_list_is_named(tmp_path: Path) -> None:
    arguments = [str(tmp_path), '--config', 'ombria.py']
    with pytest.raises(FileNotFoundError, match='official-seed0/train.txt'):
        label_fractions.main(arguments)
