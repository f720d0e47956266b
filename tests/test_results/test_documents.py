"""What the repository shows is what its records say."""

import json
import re

import pytest
import yaml

import make_tables
from helpers import ROOT
from multimodal_rs.evaluation.confusion import MEASURES
from multimodal_rs.results.documents import BLOCK, documents, fill, stale
from multimodal_rs.results.pictures import stale_pictures
from multimodal_rs.results.record import write_record
from multimodal_rs.results.store import read_results

READMES = [ROOT / 'README.md', *sorted(ROOT.glob('configs/[!_]*/README.md'))]
# Titles of columns whose numbers must come from records.
MEASURED = re.compile(
    rf'\b({"|".join(MEASURES)}|IoU|F1|AA|kappa|masked.error|parameters|'
    r'multiply-adds|flops|memory|seconds|minutes)\b',
    re.IGNORECASE,
)
RECORD = 'joitrinet/results/joitrinet-e_r18_1xb8-8e_ombria-128x128.json'


def test_nothing_is_stale():
    results = read_results(ROOT)
    old = [*stale(documents(results)), *stale_pictures(results)]
    assert not old, f'{old}: run tools/make_tables.py'


@pytest.mark.parametrize('readme', READMES, ids=lambda p: p.parent.name)
def test_measured_numbers_stand_between_markers(readme):
    """Elsewhere they have no record."""
    text = BLOCK.sub('', readme.read_text(encoding='utf-8'))
    for table in re.findall(r'(?:^\|.*\n)+', text, re.MULTILINE):
        header, _, *rows = (line.split('|') for line in table.splitlines())
        for row in rows:
            for title, cell in zip(header, row, strict=True):
                wrong = MEASURED.search(title) and re.search(r'\d', cell)
                assert not wrong, f'{readme}: {title}: {cell} has no record'


def test_the_net_for_measured_numbers_holds():
    for title in (' our mIoU ', 'OA', 'paper kappa', 'parameters (M)'):
        assert MEASURED.search(title)
    for title in ('network', 'classes', 'state', 'modalities'):
        assert not MEASURED.search(title)


def test_metafiles_point_at_what_is_there():
    index = yaml.safe_load(
        (ROOT / 'model-index.yml').read_text(encoding='utf-8')
    )
    names = []
    for path in index['Import']:
        content = yaml.safe_load((ROOT / path).read_text(encoding='utf-8'))
        (collection,) = content['Collections']
        assert (ROOT / collection['README']).is_file()
        for model in content['Models']:
            assert model['In Collection'] == collection['Name']
            assert (ROOT / model['Config']).is_file()
            assert model['Results'][0]['Metrics']
            names.append(model['Name'])
    assert len(names) == len({*names}) > 15


def test_a_changed_record_makes_everything_stale(checkout, capsys, tmp_path):
    root = ['--root', str(checkout)]
    assert make_tables.main(['--check', *root]) == 0
    file = checkout / 'configs' / RECORD
    content = json.loads(file.read_text(encoding='utf-8'))
    for number, record in enumerate(content):
        record['measures']['opt+sar']['mIoU'] = 12.345 + number
    file.write_text(json.dumps(content))
    assert make_tables.main(['--check', *root]) == 1
    printed = capsys.readouterr().out
    for name in (
        *('README.md', 'configs/joitrinet/README.md'),
        *('configs/joitrinet/metafile.yml', 'docs/images/missing_sensors.png'),
    ):
        assert f'{checkout / name} is stale' in printed
    assert '13.35' not in (checkout / 'README.md').read_text(encoding='utf-8')

    folders = ['--csv', str(tmp_path / 'c'), '--latex', str(tmp_path / 't')]
    assert make_tables.main([*root, *folders]) == 0
    assert make_tables.main(['--check', *root]) == 0
    readme = checkout / 'configs' / 'joitrinet' / 'README.md'
    assert '| 13.35 ± 1.00 |' in readme.read_text(encoding='utf-8')
    assert '13.345' in (tmp_path / 'c' / 'joitrinet-ombria.csv').read_text(
        encoding='utf-8'
    )
    latex = (tmp_path / 't' / 'joitrinet-ombria.tex').read_text(
        encoding='utf-8'
    )
    assert r'13.35 $\pm$ 1.00' in latex and r'\toprule' in latex


def test_records_of_runs_are_taken_in(checkout, make_record, tmp_path):
    """They replace the means that had their seed, not other options."""
    config = 'configs/joitrinet/joitrinet-d_r18_1xb8-15e_simulated-128x128.py'
    file = checkout / 'configs' / 'joitrinet' / 'results'
    file /= 'joitrinet-d_r18_1xb8-15e_simulated-128x128.json'
    mean, *others = json.loads(file.read_text(encoding='utf-8'))
    assert mean['seeds'] == [0, 1, 2] and others
    options = mean['options']
    paths = []
    for seed, shift in ((0, 0.0), (1, 2.0)):
        measures = {
            s: {m: 50 + shift for m in ('mIoU', 'OA', 'kappa', 'mF1')}
            for s in ('opt+sar', 'opt', 'sar')
        }
        record = make_record(
            config=config,
            method='JoiTriNet-d',
            seeds=[seed],
            options=options,
            measures=measures,
        )
        paths.append(tmp_path / f'{seed}.json')
        write_record(paths[-1], record)
    arguments = ['--root', str(checkout), '--add', *map(str, paths)]
    assert make_tables.main(arguments) == 0
    found = json.loads(file.read_text(encoding='utf-8'))
    taken = [r['seeds'] for r in found if r['options'] == options]
    assert taken == [[0], [1]]
    assert [r for r in found if r['options'] != options] == others
    readme = (checkout / 'configs' / 'joitrinet' / 'README.md').read_text(
        encoding='utf-8'
    )
    assert '| JoiTriNet-d | sar | 51.00 ± 1.41 |' in readme

    write_record(paths[0], make_record(config='configs/joitrinet/none.py'))
    with pytest.raises(ValueError, match='expected a config of this rep'):
        make_tables.main(arguments)


def test_a_record_names_a_config_that_exists(checkout):
    file = checkout / 'configs' / RECORD
    content = json.loads(file.read_text(encoding='utf-8'))
    content[0]['config'] = 'configs/joitrinet/none.py'
    file.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"no config 'configs/joitrinet/none"):
        read_results(checkout)


def test_a_record_stands_beside_its_config(checkout):
    file = checkout / 'configs' / RECORD
    file.rename(file.with_name('other.json'))
    with pytest.raises(ValueError, match='other.json: a record of .*belongs'):
        read_results(checkout)


def test_every_table_has_its_markers_once(tmp_path):
    readme = tmp_path / 'README.md'
    readme.write_text('a\n<!-- table: x -->\nold\n<!-- end -->\nb\n')
    assert fill(readme, dict(x='new')) == (
        'a\n<!-- table: x -->\nnew\n<!-- end -->\nb\n'
    )
    for found in ({}, dict(x='', y='')):
        with pytest.raises(ValueError, match='README.md: expected'):
            fill(readme, found)
