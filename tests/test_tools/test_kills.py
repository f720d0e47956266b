"""Commands that are killed at random moments, and what the next one makes."""

import contextlib
import json
import os
import random
import shutil
import signal
import time
from functools import partial
from pathlib import Path

import pytest
import rasterio
import torch

from fake_data.whu_opt_sar import make_whu_opt_sar
from helpers import undated
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
    if at_work:
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            number = chance.choice([signal.SIGKILL, signal.SIGTERM])
            os.kill(process.pid, number)
    process.join()
    return at_work


def kill_at_work(words, has_begun, chance, longest, clean):
    """Kill until it was still at work: fast machines end before a long wait.

    Args:
        words: As of :func:`kill`, like all but the last.
        has_begun: Tells whether the sign is there.
        chance: Random numbers.
        longest: Seconds from the sign to the kill, at most, at first.
        clean: Removes what a finished run has left.
    """
    while not kill(words, has_begun, chance, longest):
        assert longest > 1e-3, 'it has ended before its first sign'
        longest /= 3
        clean()


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
        clean = partial(shutil.rmtree, folder)
        kill_at_work(words, sign.exists, chance, 1, clean)
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


SIZE = ('--patches', 18, '--size', 64, '--scene', 256, 272)  # as `simulated`
COMMANDS = dict(
    simulate=(Path.mkdir, SIZE),
    whu_opt_sar=(partial(make_whu_opt_sar, sheets=['NH49E001013']), ()),
)


@pytest.mark.parametrize(
    ('name', 'kills'),
    [
        ('simulate', 2),
        pytest.param('simulate', 12, marks=pytest.mark.slow),
        pytest.param('whu_opt_sar', 12, marks=pytest.mark.slow),
    ],
)
def test_killed_data_prep_goes_on_to_the_same_files(
    tmp_path, simulated, name, kills
):
    make, options = COMMANDS[name]
    whole, folder = simulated, tmp_path / 'killed'
    if name != 'simulate':
        whole = tmp_path / 'whole'
        make(whole)
        run_tool(f'data_prep/{name}.py', whole, *options)
    make(folder)
    expected = contents(whole)
    words = (f'data_prep/{name}.py', folder, *options)
    chance = random.Random(0)
    while kills:
        have = len(contents(folder))
        sign = have + chance.randint(0, (len(expected) - have) // 2)
        if kill(words, lambda n=sign: len(contents(folder)) >= n, chance, 1):
            kills -= 1
            check_part(contents(folder), expected)
        else:  # it had just finished: from the beginning
            assert contents(folder) == expected
            shutil.rmtree(folder)
            make(folder)
    run_tool(*words)
    assert contents(folder) == expected


def check_part(found, expected):
    """Whatever has its name is whole; numbers come last and may be of less."""
    for path, content in found.items():
        if not path.name.startswith('.') and path.suffix != '.json':
            assert content == expected[path], path


def contents(folder):
    """What the files of a folder hold that is there at the moment."""
    found = {}
    for path in folder.rglob('*'):
        try:
            if path.is_file():
                content = undated(path.read_bytes())
                found[path.relative_to(folder)] = content
        except FileNotFoundError:
            pass  # it was finished meanwhile
    return found


@pytest.mark.parametrize(
    'kills', [1, pytest.param(12, marks=pytest.mark.slow)]
)
def test_a_killed_scene_goes_on_to_the_same_map(
    tmp_path, simulated, config, trained, kills
):
    scene = simulated / 'scene'
    words = ('tools/infer_scene.py', config, trained / 'epoch_4.pth')
    words += ('--crop', 128, '--stride', 32, '--raster')
    words += (f'opt={scene / "s2.tif"}', f'sar={scene / "s1.tif"}')
    whole, folder = tmp_path / 'whole.tif', tmp_path / 'killed'
    run_tool(*words, '--out', whole)
    out = folder / 'map.tif'
    words += ('--out', out, '--resume')
    made = []

    def has_begun():
        return any(folder.glob('.map.*.rows/asked.json'))

    def take_away():
        if out.exists():  # then it is the whole map
            made.append(read(out))
            out.unlink()

    for trial in range(kills):
        chance = random.Random(trial)
        kill_at_work(words, has_begun, chance, 0.5, take_away)
        take_away()
    # Two threads that silence a warning can wake it for each other.
    quiet = dict(PYTHONWARNINGS='ignore')
    flags = ('--log-file', tmp_path / 'log.txt')
    said = run_tool(*words, *flags, **quiet).output
    assert all((found == read(whole)).all() for found in [*made, read(out)])
    names = sorted(p.name for p in folder.iterdir())
    assert names == ['map.tif', 'map.tif.aux.xml']
    log = (tmp_path / 'log.txt').read_text()
    for line in said.splitlines():
        assert 'windows: ' in line or line in log
    print(f'{kills} kills at work, {len(made)} whole maps before the last')


def read(path):
    with rasterio.open(path) as file:
        return file.read()
