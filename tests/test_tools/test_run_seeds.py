import json
import statistics

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
