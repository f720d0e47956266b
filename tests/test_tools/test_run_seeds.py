import json
import statistics
from pathlib import Path

import pytest

import run_seeds


def result(shift):
    return {
        subset: {m: 50.0 + i + shift for m in run_seeds.MEASURES}
        for i, subset in enumerate(('opt+sar', 'opt'))
    }


def test_mean_and_sample_deviation():
    shifts = (0.0, 1.0, 5.0)
    rows = run_seeds.summarize('net', [result(s) for s in shifts])
    assert [row['modalities'] for row in rows] == ['opt+sar', 'opt']
    assert rows[0]['mIoU'] == pytest.approx(52)
    assert rows[0]['mIoU sd'] == pytest.approx(statistics.stdev(shifts))
    assert rows[0]['runs'] == 3


def test_one_run_has_no_spread():
    (row, _) = run_seeds.summarize('net', [result(0.0)])
    assert row['mIoU sd'] is None


def test_finished_runs_are_kept_and_tabulated(tmp_path, monkeypatch):
    for seed in (0, 1):
        folder = tmp_path / 'net' / f'seed-{seed}'
        folder.mkdir(parents=True)
        content = {k: dict(metrics=v) for k, v in result(seed).items()}
        (folder / run_seeds.RESULT).write_text(json.dumps(content))
    monkeypatch.setattr(run_seeds, '_call', lambda *_: pytest.fail('ran'))
    run_seeds.main(
        ['configs/x/net.py', '--seeds', '0', '1', '--work-dir', str(tmp_path)]
    )
    table = (tmp_path / 'seeds.md').read_text()
    assert '| net | opt+sar | 50.50 ± 0.71 |' in table
    assert 'commit' in table and 'seeds 0, 1' in table
    assert (tmp_path / 'seeds.csv').read_text().count('\n') == 3


def finish(folder, content):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / run_seeds.RESULT).write_text(json.dumps(content))


def test_other_options_need_another_folder(tmp_path, monkeypatch):
    content = {k: dict(metrics=v) for k, v in result(0).items()}
    calls = []

    def call(tool, *arguments):
        calls.append((tool, arguments))
        where = Path(arguments[arguments.index('--work-dir') + 1])
        (where / 'best_mIoU_epoch_1.pth').touch()
        finish(where / '2026', content)

    monkeypatch.setattr(run_seeds, '_call', call)
    command = ['net.py', '--seeds', '0', '--work-dir', str(tmp_path)]
    ten, one = ([*command, '--cfg-options', f'list={n}'] for n in (10, 1))
    run_seeds.main(ten)
    assert [tool for tool, _ in calls] == ['train.py', 'test.py']
    assert run_seeds._commit() in (tmp_path / 'seeds.md').read_text()
    with pytest.raises(SystemExit, match=r"options \['list=10'\], not"):
        run_seeds.main(one)
    monkeypatch.setattr(run_seeds, '_commit', lambda: 'later')
    run_seeds.main(ten)
    assert len(calls) == 2
    assert 'later' not in (tmp_path / 'seeds.md').read_text()


def test_a_run_that_goes_on_at_another_commit_has_both(tmp_path, monkeypatch):
    for commit in ('a1', 'a1', 'b2'):
        monkeypatch.setattr(run_seeds, '_commit', lambda c=commit: c)
        run_seeds._record(tmp_path, [])
    record = json.loads((tmp_path / run_seeds.RECORD).read_text())
    assert record['commits'] == ['a1', 'b2']


def test_undefined_measures_leave_an_empty_cell():
    lacking = result(1.0)
    lacking['opt'] = {m: None for m in run_seeds.MEASURES}
    both, opt = run_seeds.summarize('net', [result(0.0), lacking])
    assert both['mIoU'] == 50.5
    assert (opt['mIoU'], opt['mIoU sd']) == (51.0, None)
    (_, opt) = run_seeds.summarize('net', [lacking])
    assert run_seeds._cell(opt, 'mIoU') == ''
