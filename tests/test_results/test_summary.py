import statistics

import pytest

from multimodal_rs.results.seeds import provenance, write_seeds
from multimodal_rs.results.summary import group, summarize

SHIFTS = (0.0, 1.0, 5.0)


def test_mean_and_sample_deviation(make_record):
    records = [
        make_record(shift, seeds=[seed], commits=[commit])
        for seed, (shift, commit) in enumerate(
            zip(SHIFTS, ('a1', 'b2', 'a1'), strict=True)
        )
    ]
    summary = summarize(records)
    assert summary.seeds == [0, 1, 2]
    assert summary.commits == ['a1', 'b2']
    assert summary.measures['opt']['mIoU'] == pytest.approx(53)
    expected = pytest.approx(statistics.stdev(SHIFTS))
    assert summary.spread['opt']['mIoU'] == expected
    assert summary.classes['opt+sar']['IoU'] == dict(dry=62.0, wet=None)
    assert summary.train_seconds == 10


def test_undefined_in_some_runs(make_record):
    lacking = {'opt+sar': dict(mIoU=60.0, OA=None), 'opt': dict(mIoU=None)}
    records = [make_record(), make_record(seeds=[1], measures=lacking)]
    summary = summarize(records)
    assert summary.measures['opt+sar'] == dict(mIoU=55.0, OA=80.0)
    assert summary.spread['opt+sar']['OA'] is None
    assert summary.measures['opt'] == dict(mIoU=51.0, OA=81.0)


def test_counts_come_from_any_run_and_unlike_memory_has_no_mean(make_record):
    lacking = dict(parameters=None, flops=None, input_size=None, classes={})
    summary = summarize([make_record(**lacking), make_record(seeds=[1])])
    assert summary.parameters == 1_500_000 and summary.flops == 2_000_000_000
    assert summary.classes['opt+sar']['IoU']['dry'] == 60
    assert summary.memory_mib == 100 and summary.memory_of == 'process'
    on_gpu = make_record(seeds=[1], memory_mib=900.0, memory_of='cuda')
    summary = summarize([make_record(), on_gpu])
    assert summary.memory_mib is None and summary.memory_of is None


def test_groups_differ_in_config_or_options(make_record):
    records = [
        make_record(),
        make_record(options=['lr=1']),
        make_record(seeds=[1]),
    ]
    assert [len(runs) for runs in group(records)] == [2, 1]


def test_a_seed_counts_once(make_record):
    spread = dict.fromkeys(('opt+sar', 'opt'), dict(mIoU=1.0, OA=1.0))
    several = make_record(seeds=[0, 1], spread=spread)
    assert summarize([several]) is several
    for records in ([make_record()] * 2, [several, make_record(seeds=[2])]):
        with pytest.raises(ValueError, match='one record per seed'):
            summarize(records)


def test_table_of_a_series(tmp_path, make_record):
    pretraining = make_record(
        config='configs/method/pre.py',
        measures={'opt+sar': dict(masked_error=0.12345)},
        classes={},
    )
    records = [make_record(), make_record(1.0, seeds=[1]), pretraining]
    text = write_seeds(tmp_path, records, 'the command')
    lines = text.splitlines()
    assert lines[0] == '| config | modalities | mIoU | OA | masked_error |'
    assert '| opt+sar | 50.50 ± 0.71 | 80.50 ± 0.71 | |' in lines[2]
    assert lines[4] == '| pre | opt+sar | | | 0.1235 |'
    assert 'seeds 0, 1' in lines[-1] and '`the command`' in lines[-1]
    assert 'commit a1; a machine, torch 2.13.0' in lines[-1]
    assert (tmp_path / 'seeds.csv').read_text().count('\n') == 4


def test_seeds_are_listed_for_each_config_where_they_differ(make_record):
    other = make_record(config='configs/method/other.py', seeds=[2])
    same = [make_record(), make_record(config='configs/method/other.py')]
    assert 'over the seeds 0, shares' in provenance(same, 'c')
    expected = 'the seeds 0 (net_r18_1xb8-8e_ombria-128x128); 2 (other), sha'
    assert expected in provenance([make_record(), other], 'c')
