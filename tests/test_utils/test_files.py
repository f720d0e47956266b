"""Files are complete or not there, and what a killed writer leaves goes."""

import logging
import os
import subprocess
import sys

import pytest

from helpers import small_files
from multimodal_rs.utils import files, processes
from multimodal_rs.utils.files import atomic_path, sweep, write_text
from tool_runs import start_tool, until

WRITER = """
import sys, time
from multimodal_rs.utils.files import atomic_path
with atomic_path(sys.argv[1]) as path:
    path.write_text('half')
    time.sleep(600)
"""


@pytest.fixture
def writer(tmp_path):
    """A process that is in the middle of a file."""
    folder = tmp_path / 'maps'
    folder.mkdir()
    script = tmp_path / 'write.py'
    script.write_text(WRITER)
    process = start_tool(script, folder / 'map.tif', output=os.devnull)
    until(lambda: any(path.stat().st_size for path in folder.iterdir()))
    yield process, folder
    process.kill()
    process.join()


def test_a_file_appears_complete_or_not_at_all(tmp_path):
    target = tmp_path / 'new' / f'{"x" * 200}.tif'
    with pytest.raises(RuntimeError), atomic_path(target) as path:
        path.write_text('half')
        raise RuntimeError
    assert os.listdir(target.parent) == []
    with atomic_path(target, durable=True) as path:
        assert path.suffix == '.tif' and not target.exists()
        path.write_text('whole')
    assert target.read_text() == 'whole'
    assert os.listdir(target.parent) == [target.name]


def test_a_full_disk_is_said_with_the_file(tmp_path):
    target = tmp_path / 'area.csv'
    with small_files(1000), pytest.raises(OSError) as caught:
        write_text(target, 'a' * 2000)
    expected = f'{target} cannot be written ([Errno 27] File too large): is '
    assert str(caught.value).startswith(expected)
    assert os.listdir(tmp_path) == []
    with pytest.raises(OSError) as caught, files.writing(target):
        (tmp_path / 'none' / 'b.csv').write_text('')
    assert caught.value.filename == str(tmp_path / 'none' / 'b.csv')


def test_what_a_killed_writer_leaves_is_swept(writer, caplog):
    process, folder = writer
    (left,) = folder.iterdir()
    with caplog.at_level(logging.WARNING):
        write_text(folder / 'a.txt', 'a')
        assert left.exists()  # it is being written
        process.kill()
        process.join()
        left.with_name(f'{left.name}.aux.xml').touch()  # GDAL's, beside it
        write_text(folder / 'b.txt', 'b')
        assert left.exists()  # a process looks once
        sweep.cache_clear()
        write_text(folder / 'c.txt', 'c')
    assert sorted(os.listdir(folder)) == ['a.txt', 'b.txt', 'c.txt']
    (message,) = caplog.messages
    assert 'removed 2 files that were not finished' in message


def test_what_is_not_known_to_be_left_stays(tmp_path):
    here, pid, start = processes.this_process().split('-')
    names = [
        f'.map.{here}-{pid}-{start}.abcd1234.tif',  # of this process
        f'.map.00000000-{pid}-1.abcd1234.tif',  # of another machine
        '.map.abcd1234.tif',  # of whoever
        'map.tif',
    ]
    for name in names:
        (tmp_path / name).touch()
    given_away = tmp_path / f'.map.{here}-{pid}-1.abcd1234.tif'
    given_away.touch()
    sweep(tmp_path)
    assert not given_away.exists()
    assert sorted(os.listdir(tmp_path)) == sorted(names)


def test_every_unfinished_file_is_known_by_its_name(tmp_path):
    for name in ('map.tif', 'x', '.stats.json', 'a b.tar.gz', 'ü.png'):
        with atomic_path(tmp_path / name) as path:
            match = files.UNFINISHED.fullmatch(path.name)
            assert match['process'] == processes.this_process()
            assert not processes.has_ended(match['process'])


def test_a_process_that_has_ended():
    process = subprocess.Popen([sys.executable, '-c', ''])
    machine, _, _ = processes.this_process().split('-')
    started = processes._start(process.pid)
    name = f'{machine}-{process.pid}-{started}'
    process.wait()
    assert processes.has_ended(name)
