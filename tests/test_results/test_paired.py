"""Paired differences: by hand, and against scipy's own test."""

import math
from dataclasses import replace

import pytest
from scipy import stats

from multimodal_rs.results import plot_entries
from multimodal_rs.results.paired import (
    Difference,
    paired_difference,
    show,
    write_paired,
)
from multimodal_rs.results.plots import class_series
from multimodal_rs.results.seeds import write_seeds

OTHER = 'configs/method/other_r18_1xb8-8e_ombria-128x128.py'
BASELINE = (0.0, 4.0, -3.0)
GAINS = (1.0, 2.0, 6.0)


@pytest.fixture
def series(make_record):
    baseline = [
        make_record(shift, seeds=[seed]) for seed, shift in enumerate(BASELINE)
    ]
    runs = [
        make_record(shift + gain, seeds=[seed], config=OTHER)
        for seed, (shift, gain) in enumerate(zip(BASELINE, GAINS, strict=True))
    ]
    return runs, baseline


def test_interval_by_hand(series):
    found = paired_difference(*series, 'opt', 'mIoU')
    # Mean 3, deviation sqrt(7), t of two degrees of freedom 4.3027.
    half = 4.302652729911275 * math.sqrt(7 / 3)
    assert found.seeds == [0, 1, 2]
    assert found.mean == pytest.approx(3)
    assert found.low == pytest.approx(3 - half)
    assert found.high == pytest.approx(3 + half)


def turned(records):
    """The same runs of a config that declares sar before opt."""
    return [
        replace(
            record,
            **{
                name: {
                    '+'.join(reversed(key.split('+'))): values
                    for key, values in getattr(record, name).items()
                }
                for name in ('measures', 'classes')
            },
        )
        for record in records
    ]


def test_modalities_have_any_order(tmp_path, series):
    runs, baseline = series
    expected = paired_difference(*series, 'opt+sar', 'mIoU')
    for subset in ('opt+sar', 'sar+opt'):
        found = paired_difference(turned(runs), baseline, subset, 'mIoU')
        assert found == expected
    text = write_paired(tmp_path, [*turned(runs), *baseline], baseline[0].name)
    assert '| sar+opt | +3.00 (' in ' '.join(text.split())
    entries = plot_entries.record_entries(turned(runs))
    assert class_series(entries, 'IoU', 'opt+sar')


def test_narrower_at_a_lower_level_as_scipy_says(series):
    found = paired_difference(*series, 'opt+sar', 'OA', level=0.8)
    test = stats.ttest_rel(GAINS, (0.0, 0.0, 0.0))
    expected = test.confidence_interval(0.8)
    assert (found.low, found.high) == pytest.approx(tuple(expected))


def test_what_both_runs_share_does_not_count(series, make_record):
    runs, baseline = series
    shifted = [
        [
            make_record(
                r.measures['opt']['mIoU'] - 51 + 10 * r.seeds[0], seeds=r.seeds
            )
            for r in records
        ]
        for records in series
    ]
    one = paired_difference(runs, baseline, 'opt', 'mIoU')
    other = paired_difference(*shifted, 'opt', 'mIoU')
    for name in ('mean', 'low', 'high'):
        expected = pytest.approx(getattr(other, name))
        assert getattr(one, name) == expected


def test_only_common_seeds_in_any_order(series):
    runs, baseline = series
    found = paired_difference(runs[::-1], baseline[1:], 'opt', 'mIoU')
    assert sorted(found.seeds) == [1, 2]
    assert found.mean == pytest.approx(4)
    single = paired_difference(runs[:1], baseline, 'opt', 'mIoU')
    assert single == Difference([0], 1.0, None, None)
    assert paired_difference(runs[:1], baseline[1:], 'opt', 'mIoU') is None


def test_a_measure_that_some_runs_lack(series, make_record):
    runs, baseline = series
    lacking = {'opt+sar': dict(mIoU=None), 'opt': dict(mIoU=None)}
    runs[1] = make_record(seeds=[1], config=OTHER, measures=lacking)
    assert paired_difference(runs, baseline, 'opt', 'mIoU').seeds == [0, 2]
    assert paired_difference(runs, baseline, 'sar', 'mIoU') is None


def test_one_record_per_seed(series, make_record):
    runs, baseline = series
    for wrong in ([*runs, runs[0]], [make_record(seeds=[0, 1])]):
        with pytest.raises(ValueError, match='one record per seed'):
            paired_difference(wrong, baseline, 'opt', 'mIoU')


def test_table(tmp_path, series):
    runs, baseline = series
    text = write_paired(tmp_path, [*baseline, *runs], baseline[0].name)
    lines = text.splitlines()
    assert lines[0] == '| config | modalities | mIoU | OA |'
    cell = '+3.00 (-3.57 .. +9.57)'
    assert lines[2] == f'| {runs[0].name} | opt+sar | {cell} | {cell} |'
    assert f'Differences from `{baseline[0].name}`' in lines[-1]
    assert '95% interval' in lines[-1]
    assert (tmp_path / 'paired.md').read_text() == text
    rows = (tmp_path / 'paired.csv').read_text().splitlines()
    assert rows[0] == 'config,modalities,measure,pairs,mean,low,high'
    assert len(rows) == 5  # two subsets, two measures


def test_series_that_differ_in_their_options_are_told_apart(
    tmp_path, series, make_record
):
    runs, baseline = series
    faster = [
        make_record(9, seeds=r.seeds, config=OTHER, options=['lr=1'])
        for r in runs
    ]
    records = [*baseline, *runs, *faster]
    text = write_paired(tmp_path, records, baseline[0].name)
    assert f'| {OTHER} | opt |' in text and f'| {OTHER} lr=1 | opt |' in text
    rows = (tmp_path / 'paired.csv').read_text().splitlines()
    assert len({row.split(',')[0] for row in rows[1:]}) == 2
    assert f'| {OTHER} lr=1 | opt |' in write_seeds(tmp_path, records, '')


def test_table_of_what_is_no_classification(tmp_path, make_record):
    baseline, run = (
        make_record(
            config=config, measures={'opt+sar': dict(masked_error=error)}
        )
        for config, error in (('a/first.py', 0.5), ('a/second.py', 0.25))
    )
    text = write_paired(tmp_path, [baseline, run], 'first')
    lines = text.splitlines()
    assert lines[0] == '| config | modalities | masked_error |'
    assert lines[2] == '| second | opt+sar | -0.2500 |'


def test_baseline_must_be_one_series(tmp_path, series, make_record):
    runs, baseline = series
    with pytest.raises(ValueError, match='got 0'):
        write_paired(tmp_path, runs, baseline[0].name)
    again = make_record(options=['lr=1'])
    with pytest.raises(ValueError, match='got 2'):
        write_paired(tmp_path, [*baseline, again], baseline[0].name)


def test_what_is_not_known_is_not_shown():
    assert show(None, 2) == ''
    assert show(Difference([0], -1.0, None, None), 1) == '-1.0'
