import dataclasses
import json

import pytest

from multimodal_rs.results.record import (
    Published,
    Record,
    from_plain,
    read_entries,
    read_record,
    write_entries,
    write_record,
)


def test_what_is_written_is_read(tmp_path, make_record):
    records = [make_record(), make_record(1 / 3, seeds=[1])]
    write_entries(tmp_path / 'net.json', records)
    assert read_entries(tmp_path / 'net.json', Record) == records
    write_record(tmp_path / 'record.json', records[1])
    assert read_record(tmp_path / 'record.json') == records[1]


@pytest.mark.parametrize('change', ['lose', 'add'])
def test_keys_are_exact(tmp_path, make_record, change):
    content = dataclasses.asdict(make_record())
    if change == 'lose':
        del content['flops']
        expected = r"net.json: entry 0: .*unknown: \[\], missing: \['flops'\]"
    else:
        content['gflops'] = 2.0
        expected = r"net.json: entry 0: .*unknown: \['gflops'\], missing: \[\]"
    (tmp_path / 'net.json').write_text(json.dumps([content]))
    with pytest.raises(ValueError, match=expected):
        read_entries(tmp_path / 'net.json', Record)


@pytest.mark.parametrize(
    ('changes', 'expected'),
    [
        (dict(seeds='0'), r'seeds must be list\[int\]'),
        (dict(parameters=1.5), r'parameters must be int \| null, got 1.5'),
        (dict(measures={'opt': {'mIoU': '50'}}), 'measures must be'),
        (dict(measures={'opt': {'mIoU': float('nan')}}), 'measures must be'),
        (dict(train_seconds=True), 'train_seconds must be'),
        (dict(schema=0), 'schema must be 1'),
        (dict(config='/net.py'), 'relative to the repository'),
        (dict(seeds=[]), 'at least one'),
        (dict(seeds=[0, 0]), 'different'),
        (dict(spread={'opt+sar': {}, 'opt': {}}), 'null for one seed'),
        (
            dict(seeds=[0, 1], spread={'opt+sar': {'mIoU': 1.0}}),
            'subsets and measures of measures',
        ),
        (dict(classes={'hsi': {}}), 'classes must be of subsets'),
        (dict(memory_of=None), 'memory_of must be'),
    ],
)
def test_what_makes_no_sense_is_refused(make_record, changes, expected):
    content = dataclasses.asdict(make_record()) | changes
    with pytest.raises(ValueError, match=f'here: .*{expected}'):
        from_plain(content, Record, 'here')


def test_a_file_that_is_no_list(tmp_path, make_record):
    file = tmp_path / 'net.json'
    write_record(file, make_record())
    with pytest.raises(ValueError, match='net.json: expected a list of Rec'):
        read_entries(file, Record)
    file.write_text('[{')
    with pytest.raises(ValueError, match='net.json: expected JSON'):
        read_entries(file, Record)


def test_published_numbers_need_a_source():
    content = dict(
        id='a', method='A', dataset='B', subset='opt', measures={}, classes={}
    )
    with pytest.raises(ValueError, match=r"missing: \['digits', 'source'\]"):
        from_plain(content, Published, 'here')
