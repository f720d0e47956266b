"""Files that belong together are replaced together."""

import os

import pytest

from helpers import small_files
from multimodal_rs.utils import processes
from multimodal_rs.utils.file_sets import replaced_together
from multimodal_rs.utils.files import sweep, write_text

NAMES = ('a.csv', 'b.csv', 'all.json')


def content(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path):
    """An earlier result, and what has nothing to do with it."""
    folder = tmp_path / 'tables'
    folder.mkdir()
    for name in (*NAMES, 'notes.txt'):
        (folder / name).write_text('old')
    return folder


def test_what_is_not_written_again_goes(folder):
    with replaced_together(folder, NAMES, 'all.json') as temporary:
        for name in ('a.csv', 'all.json'):
            (temporary / name).write_text('new')
        assert (folder / 'all.json').read_text() == 'old'
    assert content(folder) == {
        'a.csv': 'new',
        'all.json': 'new',
        'notes.txt': 'old',
    }


def test_an_error_leaves_all_as_it_was(folder, tmp_path):
    before = content(folder)
    new = tmp_path / 'new' / 'tables'
    for place in (folder, new):
        full = f'^{place / "a.csv"} cannot be written .*: is the disk full'
        with (
            small_files(100),
            pytest.raises(OSError, match=full),
            replaced_together(place, NAMES, 'all.json') as temporary,
        ):
            write_text(temporary / 'all.json', 'new')
            write_text(temporary / 'a.csv', 'new' * 100)
    assert content(folder) == before
    assert not new.exists()


def test_who_is_killed_between_two_leaves_no_main_file(folder, monkeypatch):
    replace = os.replace

    def killed(source, target):
        if os.path.basename(target) == 'b.csv':
            raise KeyboardInterrupt
        replace(source, target)

    with (
        pytest.raises(KeyboardInterrupt),
        replaced_together(folder, NAMES, 'all.json') as temporary,
    ):
        for name in NAMES:
            (temporary / name).write_text('new')
        monkeypatch.setattr(os, 'replace', killed)
    assert content(folder) == {
        'a.csv': 'new',
        'b.csv': 'old',
        'notes.txt': 'old',
    }


def test_a_folder_that_a_killed_process_has_left_is_swept(folder):
    here, pid, _ = processes.this_process().split('-')
    left = folder / f'.new.{here}-{pid}-1.abcd1234'
    left.mkdir()
    (left / 'a.csv').write_text('half')
    sweep.cache_clear()
    with replaced_together(folder, NAMES, 'all.json') as temporary:
        assert not left.exists()
        (temporary / 'all.json').write_text('new')
    assert sorted(os.listdir(folder)) == ['all.json', 'notes.txt']
