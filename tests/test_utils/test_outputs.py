"""Outputs are compared with inputs by what they are, not by their names."""

import os

import pytest

from multimodal_rs.utils.outputs import check_folder, check_outputs


@pytest.fixture
def scene(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data' / 's2.tif').write_text('pixels')
    (tmp_path / 'same').symlink_to('data')
    (tmp_path / 'soft.tif').symlink_to('data/s2.tif')
    os.link('data/s2.tif', 'hard.tif')
    return tmp_path


NAMES = ('data/s2.tif', 'data/../data/s2.tif', 'same/s2.tif', 'soft.tif')


@pytest.mark.parametrize('name', (*NAMES, 'hard.tif'))
def test_an_input_is_no_output_under_any_name(scene, name):
    reads = [scene / 'none.tif', 'https://example.org/s1.tif', 'data/s2.tif']
    with pytest.raises(ValueError, match=f'--out {name} is the input data/s2'):
        check_outputs({'--preview': None, '--out': name}, reads)


def test_other_files_may_be_replaced(scene):
    (scene / 'map.tif').write_text('an earlier map')
    check_outputs({'--out': 'map.tif', '--preview': 'x/y.png'}, NAMES)


def test_two_outputs_are_not_one_file(scene):
    for first, second in (('new.tif', 'data/../new.tif'), NAMES[::3]):
        with pytest.raises(ValueError, match='--a .* and --b .* are one file'):
            check_outputs({'--a': first, '--b': second})


def test_an_output_is_a_file_that_can_be_created(scene):
    with pytest.raises(ValueError, match='--out data: .* found a directory'):
        check_outputs({'--out': 'data'})
    with pytest.raises(ValueError, match=r's2\.tif is a file: name another'):
        check_outputs({'--out': 'data/s2.tif/x/map.tif'})
    with pytest.raises(ValueError, match=r'hard\.tif is a file'):
        check_folder('--out', 'hard.tif')
    check_folder('--out', 'data/new/folder')


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write anywhere')
def test_a_protected_folder(scene):
    (scene / 'data').chmod(0o500)
    with pytest.raises(ValueError, match='data is a write-protected one'):
        check_folder('--out', 'data/new')
