import json

import pytest

from helpers import ROOT
from multimodal_rs.results import runs

CONFIG = ROOT / 'configs' / '_base_' / 'default_runtime.py'


def test_a_run_that_goes_on_at_another_commit_has_both(tmp_path):
    for commit in ('a1', 'a1', 'b2'):
        runs.open_run(tmp_path, CONFIG, ['x=1'], commit, 'machine', 'command')
    ledger = json.loads((tmp_path / runs.STARTED).read_text())
    assert ledger['commits'] == ['a1', 'b2']
    assert ledger['machines'] == ['machine']


def test_options_are_not_mixed(tmp_path):
    runs.open_run(tmp_path, CONFIG, ['list=10'], 'a1', 'machine', 'command')
    with pytest.raises(ValueError, match=r"options \['list=10'\], not"):
        runs.open_run(tmp_path, CONFIG, ['list=1'], 'a1', 'machine', 'command')


def test_configs_are_not_mixed(tmp_path):
    """Two of one name, or one that was changed, have one folder."""
    config, started = tmp_path / 'net.py', tmp_path / runs.STARTED
    config.write_bytes(b'a = 1\r\n')
    runs.open_run(tmp_path, config, [], 'a1', 'machine', 'command')
    config.write_bytes(b'a = 1\n')
    runs.open_run(tmp_path, config, [], 'a1', 'machine', 'command')
    config.write_text('a = 2')
    assert not runs.is_run_of(tmp_path, config)
    (tmp_path / runs.RECORD).touch()
    with pytest.raises(ValueError, match='another config than .*net.py'):
        runs.open_run(tmp_path, config, [], 'a1', 'machine', 'command')
    started.write_text('{"options": []}')  # of before configs were compared
    runs.open_run(tmp_path, config, [], 'a1', 'machine', 'command')
    assert runs.is_run_of(tmp_path, config)


def test_what_a_config_inherits_is_compared_too(tmp_path):
    base, config = tmp_path / 'base.py', tmp_path / 'net.py'
    base.write_text('modalities = dict(opt=1, sar=2)')
    config.write_text("_base_ = 'base.py'\nlr = 0.1")
    runs.open_run(tmp_path, config, [], 'a1', 'machine', 'command')
    base.write_text('# a remark\nmodalities = dict(opt=1, sar=2)')
    assert runs.is_run_of(tmp_path, config)
    base.write_text('modalities = dict(sar=2, opt=1)')
    assert not runs.is_run_of(tmp_path, config)
    base.write_text('modalities = dict(')
    assert not runs.is_run_of(tmp_path, config)
    with pytest.raises(ValueError, match=r'net\.py ends in .*: correct it'):
        runs.open_run(tmp_path, config, [], 'a1', 'machine', 'command')


def test_a_finished_run_stays_as_it_is(tmp_path):
    runs.open_run(tmp_path, CONFIG, [], 'a1', 'machine', 'command')
    (tmp_path / runs.RECORD).touch()
    before = (tmp_path / runs.STARTED).read_text()
    runs.open_run(tmp_path, CONFIG, [], 'b2', 'another', 'command')
    assert (tmp_path / runs.STARTED).read_text() == before


@pytest.mark.parametrize('content', ['', '{"options": [', '[]', '{"a": 1}'])
def test_damaged_files_are_named_with_what_to_do(tmp_path, content):
    """Each of them can be what a bad disk has left of it."""
    (tmp_path / runs.STARTED).write_text(content)
    with pytest.raises(ValueError, match='run.json.*delete the folder'):
        runs.open_run(tmp_path, CONFIG, [], 'a1', 'machine', 'command')
    (tmp_path / runs.STARTED).write_text('{"options": []}')
    if content == '{"a": 1}':
        return
    (tmp_path / runs.TRAINING).write_text(content)
    with pytest.raises(ValueError, match='training.json.*delete it, and tr'):
        runs.image_size(tmp_path)
    with pytest.raises(ValueError, match='training.json.*delete it, and tr'):
        runs.close_run(tmp_path, tmp_path / 'a.py', ROOT, 0)
    (tmp_path / runs.TRAINING).write_text('{}')
    (tmp_path / runs.TESTING).write_text(content)
    with pytest.raises(ValueError, match='testing.json.*delete it, and the'):
        runs.close_run(tmp_path, tmp_path / 'a.py', ROOT, 0)


def test_names_come_from_the_words_of_the_config(tmp_path):
    config = tmp_path / 'net-a_r18_1xb8-8e_ombria-128x128.py'
    assert runs.names(config, 'Data') == ('net-a', 'ombria')
    (tmp_path / 'results').mkdir()
    known = dict(names={'net-a': 'Net A', 'ombria': 'OMBRIA'})
    (tmp_path / 'results' / runs.NAMES).write_text(json.dumps(known))
    assert runs.names(config, 'Data') == ('Net A', 'OMBRIA')
    assert runs.names(tmp_path / 'mine.py', 'Data') == ('mine', 'Data')


def test_classes_are_separated():
    metrics = {
        'opt': {
            'mIoU': 50.0,
            'IoU.a.b': 40.0,
            'PA.c': None,
            'authors/IoU.c': 1.0,
            'test/masked_error': 0.5,
        }
    }
    plain, classes = runs.split_classes(metrics)
    assert plain == {'opt': {'mIoU': 50.0, 'masked_error': 0.5}}
    assert classes['opt'] == {
        'IoU': {'a.b': 40.0},
        'PA': {'c': None},
        'authors/IoU': {'c': 1.0},
    }
