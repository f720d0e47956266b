"""Commands that are killed at random moments, and what the next one makes."""

import json
import os
import random
import shutil
import signal
import time

import pytest
import rasterio
import torch

from fake_data.whu_opt_sar import make_whu_opt_sar
from tool_runs import newest, run_tool, start_tool, until, weights

# Found in a folder after a kill at any moment; a lock that nobody holds.
LOCK = '.train.lock'


def kill(words, has_begun, chance, longest):
    """Start a tool and end it at a random moment after some sign of work.

    Args:
        words: The script and its arguments.
        has_begun: Tells whether the sign is there.
        chance: Random numbers; half of the kills are SIGKILL, half SIGTERM.
        longest: Seconds from the sign to the kill, at most.

    Returns:
        Whether it was still at work.
    """
    process = start_tool(*words, output=os.devnull)
    until(lambda: process.exitcode is not None or has_begun())
    time.sleep(chance.uniform(0, longest))
    at_work = process.exitcode is None
    os.kill(process.pid, chance.choice([signal.SIGKILL, signal.SIGTERM]))
    process.join()
    return at_work


def hidden(folder):
    return [p.name for p in folder.rglob('.*') if p.name != LOCK]


@pytest.mark.parametrize(
    'kills', [1, pytest.param(12, marks=pytest.mark.slow)]
)
def test_a_killed_run_resumes_to_the_same_result(
    tmp_path, config, trained, kills
):
    for trial in range(kills):
        folder = tmp_path / f'killed-{trial}'
        chance = random.Random(trial)
        epoch = chance.randrange(4)
        sign = folder / (f'epoch_{epoch}.pth' if epoch else 'tiny.py')
        words = ('tools/train.py', config, '--work-dir', folder)
        assert kill(words, sign.exists, chance, 1)
        run_tool(*words, '--resume')
        check_same_run(trained, folder)
        assert hidden(folder) == []
        shutil.rmtree(folder)


def check_same_run(whole, killed):
    expected, got = (weights(f / 'epoch_4.pth') for f in (whole, killed))
    for key, tensor in expected['state_dict'].items():
        assert torch.equal(tensor, got['state_dict'][key]), key
    names = [sorted(p.name for p in f.glob('*.pth')) for f in (whole, killed)]
    assert names[0] == names[1]
    scores = [
        json.loads(newest(f, 'scalars.json').read_text().splitlines()[-1])
        for f in (whole, killed)
    ]
    for key in ('mIoU', 'OA', 'val/cross_entropy'):
        assert scores[0][key] == scores[1][key]


def simulated_patches(tmp_path, simulated):
    """As the fixture has been made."""
    size = ('--patches', 18, '--size', 64, '--scene', 256, 272)
    killed = tmp_path / 'killed'
    killed.mkdir()
    return simulated, killed, ('data_prep/simulate.py', killed, *size)


def cut_sheets(tmp_path, simulated):
    """Two sheets, cut into tiles, split and measured."""
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    make_whu_opt_sar(whole, ['NH49E001013', 'NH49E001014'])
    shutil.copytree(whole, killed)
    run_tool('data_prep/whu_opt_sar.py', whole)
    return whole, killed, ('data_prep/whu_opt_sar.py', killed)


@pytest.mark.parametrize(
    ('make', 'kills'),
    [
        (simulated_patches, 2),
        pytest.param(simulated_patches, 12, marks=pytest.mark.slow),
        pytest.param(cut_sheets, 12, marks=pytest.mark.slow),
    ],
)
def test_killed_data_prep_goes_on_to_the_same_files(
    tmp_path, simulated, make, kills
):
    whole, folder, words = make(tmp_path, simulated)
    expected = contents(whole)
    at_work = 0
    for trial in range(kills):
        chance = random.Random(trial)
        have = len(contents(folder))
        sign = have + chance.randint(1, 2 + (len(expected) - have) // 2)
        at_work += kill(
            words, lambda n=sign: len(contents(folder)) >= n, chance, 0.1
        )
        for path, content in contents(folder).items():
            if path in expected and not path.name.startswith('.'):
                # Lists and numbers come last and may be of less.
                assert content == expected[path] or path.suffix == '.json'
    assert at_work
    run_tool(*words)
    assert contents(folder) == expected
    print(f'{at_work} kills of {words[0]} at work')


def contents(folder):
    """What the files of a folder hold that is there at the moment."""
    found = {}
    for path in folder.rglob('*'):
        try:
            if path.is_file():
                found[path.relative_to(folder)] = path.read_bytes()
        except FileNotFoundError:
            pass  # it was finished meanwhile
    return found


@pytest.mark.parametrize(
    'kills', [1, pytest.param(12, marks=pytest.mark.slow)]
)
def test_a_killed_scene_is_mapped_by_the_next_run(
    tmp_path, simulated, config, trained, kills
):
    scene = simulated / 'scene'
    out = tmp_path / 'map.tif'
    words = ('tools/infer_scene.py', config, trained / 'epoch_4.pth')
    words += ('--crop', 128, '--out', out, '--raster')
    words += (f'opt={scene / "s2.tif"}', f'sar={scene / "s1.tif"}')
    made = []
    at_work = 0
    for trial in range(kills):
        chance = random.Random(trial)
        at_work += kill(
            words, lambda: any(tmp_path.glob('.map.*.tif')), chance, 0.5
        )
        if out.exists():  # then it is the whole map
            made.append(read(out))
            out.unlink()
    assert at_work
    run_tool(*words)
    assert all((found == read(out)).all() for found in made)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        *('map.tif', 'map.tif.aux.xml')
    ]
    with rasterio.open(out) as result, rasterio.open(scene / 's2.tif') as s2:
        assert result.crs == s2.crs and result.transform == s2.transform
        assert result.shape == s2.shape
        assert result.read(1).max() < 8
    print(f'{at_work} kills at work, {len(made)} left the whole map')


def read(path):
    with rasterio.open(path) as file:
        return file.read()
