"""The command line: complete, resumable, the same twice."""

from pathlib import Path

import pytest

from multimodal_rs.data_prep import simulate
from tool_runs import run_tool

SETTINGS = ('--patches', '6', '--size', '32', '--scene', '256', '256')


def state(root: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(root)): (
            path.stat().st_mtime_ns,
            path.read_bytes(),
        )
        for path in root.rglob('*')
        if path.is_file()
    }


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('simulated')
    assert simulate.main([str(root), *SETTINGS]) == 0
    return root


def test_everything_is_there(folder: Path):
    files = state(folder)
    assert len([f for f in files if f.startswith('ROIs0000_')]) == 18
    assert len([f for f in files if f.startswith('scene')]) == 3
    tiles = []
    for part in ('train', 'val', 'test'):
        path = folder / 'splits' / 'default' / f'{part}.txt'
        if path.exists():
            tiles += path.read_text().split()
    assert sorted(t.split('_p')[1] for t in tiles) == list('012345')


def test_second_run_changes_nothing(folder: Path):
    before = state(folder)
    simulate.main([str(folder), *SETTINGS])
    assert state(folder) == before


def test_interrupted_run_goes_on(folder: Path):
    before = state(folder)
    (lost,) = folder.rglob('*_s1_*_p2.tif')
    lost.unlink()
    (folder / 'scene' / 'label.tif').unlink()
    simulate.main([str(folder), *SETTINGS])
    after = state(folder)
    changed = {k for k in before if after[k] != before[k]}
    assert changed <= {str(lost.relative_to(folder)), 'scene/label.tif'}
    assert {k: v[1] for k, v in after.items()} == {
        k: v[1] for k, v in before.items()
    }


def test_more_patches_keep_those_that_are_there(folder: Path):
    before = state(folder)
    simulate.main([str(folder), *SETTINGS, '--patches', '8'])
    after = state(folder)
    for name, content in before.items():
        if not name.startswith('splits'):
            assert after[name] == content


def test_same_seed_same_bytes_in_another_process(tmp_path: Path):
    arguments = [*SETTINGS[2:], '--patches', '3', '--layout', 'contest']
    simulate.main([str(tmp_path / 'here'), *arguments])
    run_tool('data_prep/simulate.py', tmp_path / 'there', *arguments)
    here, there = state(tmp_path / 'here'), state(tmp_path / 'there')
    assert {k: v[1] for k, v in here.items()} == {
        k: v[1] for k, v in there.items()
    }


def test_another_seed_needs_another_folder(folder: Path):
    with pytest.raises(ValueError, match='name another one'):
        simulate.main([str(folder), *SETTINGS, '--seed', '1'])


def test_options_reach_the_files(tmp_path: Path, folder: Path):
    options = ['--displacement', '2', '--dilation', '1', '--layover', '1']
    options += ['--separability', '0.5', '--dem']
    simulate.main([str(tmp_path), *SETTINGS, *options, '--patches', '1'])
    before, after = state(folder), state(tmp_path)
    new = {Path(name).name for name in after} - {
        Path(name).name for name in before
    }
    (tile,) = (t for t in new if '_dem_' in t)
    assert new == {
        tile,
        tile.replace('_dem_', '_displacement_'),
        'dem.tif',
        'displacement.tif',
    }
    for name, (_, content) in after.items():
        if '_dfc_' in name or name == 'scene/label.tif':
            assert content == before[name][1]
