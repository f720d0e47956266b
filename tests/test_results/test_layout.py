import pytest

from helpers import ROOT
from multimodal_rs.results.layout import build_table
from multimodal_rs.results.record import Figure, Published
from multimodal_rs.results.store import Results
from multimodal_rs.results.summary import summarize

COLUMNS = [
    dict(title='network', record='method'),
    dict(title='paper', published='mIoU'),
    dict(title='mIoU', measure='mIoU'),
    dict(title='opt', measure='mIoU', subset='opt'),
]


@pytest.fixture
def results(make_record):
    several = {k: dict(mIoU=0.25, OA=1.0) for k in ('opt+sar', 'opt')}
    better = make_record(9.126, seeds=[0, 1], spread=several)
    one_sensor = make_record(measures={'sar': dict(mIoU=10.0)}, classes={})
    old = make_record(measures={'opt': dict(mIoU=7.5)}, digits=1, classes={})
    summaries = dict(
        a=[make_record()], b=[better], sar=[one_sensor], old=[old]
    )
    summaries['twice'] = [make_record(), make_record(options=['lr=1'])]
    configs = dict.fromkeys([*summaries, 'new'], 'configs/x.py')
    paper = Published('p', 'A', 'D', 'opt', dict(mIoU=43.0), {}, 1, 'there')
    figure = Figure('f', [4.6], 1, 's', 4.6, 5.2, None, True, '', None, None)
    shifts = dict(a=[0, 1, 2], new=[1, 3, 5])
    runs = {
        name: [
            make_record(s, seeds=[i], config=f'configs/method/{name}.py')
            for i, s in enumerate(values)
        ]
        for name, values in shifts.items()
    }
    b = 'configs/method/b.py'
    runs['b'] = [make_record(seeds=[0, 1], config=b, spread=several)]
    single = dict(p=paper), dict(f=figure), {}, runs
    return Results(ROOT, configs, summaries, *single)


def rows(results, *specs, columns=COLUMNS, **more):
    spec = dict(columns=columns, rows=list(specs), **more)
    table = build_table(spec, results, 'here')
    return [[cell.text for cell in row] for row in table.rows]


def test_cells(results):
    assert rows(
        results,
        dict(config='a', published='p'),
        dict(config='b', text=dict(network='B', paper='not used')),
        dict(config='a', subset='opt'),
        dict(config='a', subset='sar+opt'),
        dict(config='new', text=dict(network='New')),
        dict(config='sar'),
        dict(config='old'),
    ) == [
        ['Net', '43.0', '50.00', '51.00'],
        ['B', 'not used', '59.13 ± 0.25', '60.13 ± 0.25'],
        ['Net', '', '51.00', '51.00'],
        ['Net', '', '50.00', '51.00'],
        ['New', '', '', ''],
        ['Net', '', '10.00', ''],
        ['Net', '', '7.5', '7.5'],
    ]


def test_differences_are_paired_by_seed(results):
    for name in ('a', 'new', 'b'):
        results.summaries[name] = [summarize(results.records[name])]
    column = {'title': 'gain', 'difference': 'mIoU', 'from': 'a'}
    specs = [dict(config=name) for name in ('a', 'new', 'b')]
    # 1, 2 and 3 points: 2 +- 4.303 / sqrt(3)
    gain = '+2.00 (-0.48 .. +4.48)'
    assert rows(results, *specs, columns=[column]) == [[''], [gain], ['']]
    del results.records['new'][1:]
    results.summaries['new'] = results.records['new']
    assert rows(results, specs[1], columns=[column]) == [['+1.00']]
    (record,) = results.records['new']
    record.options.append('lr=1')
    assert rows(results, specs[1], columns=[column]) == [['']]
    for wrong in (
        {'title': 'x', 'difference': 'mIoU'},
        {**column, 'from': 'x'},
    ):
        with pytest.raises((ValueError, KeyError), match='from|no config'):
            rows(results, specs[1], columns=[wrong])


def test_the_best_of_a_group_is_bold(results):
    specs = [
        dict(config='a'),
        dict(config='b'),
        dict(config='sar', group='alone'),
        dict(config='b', group=None),
    ]
    cells = rows(results, *specs, best=dict(mIoU='max'))
    assert [row[2] for row in cells] == [
        '50.00',
        '**59.13 ± 0.25**',
        '**10.00**',
        '59.13 ± 0.25',
    ]


def test_numbers_of_a_measured_column_are_no_text(results):
    for title in ('paper', 'mIoU'):
        row = dict(config='a', text={title: '99.9'})
        with pytest.raises(ValueError, match='here: row 0: .*records only'):
            rows(results, row)


def test_which_of_several_options(results):
    with pytest.raises(ValueError, match='twice has records with the options'):
        rows(results, dict(config='twice'))
    (cells,) = rows(results, dict(config='twice', options=['lr=1']))
    assert cells[2] == '50.00'


def test_what_is_not_there_is_named(results):
    for row, expected in (
        (dict(config='none'), "here: row 0, network: .*no config 'none'"),
        (dict(config='a', subset='hsi'), "not tested with 'hsi'"),
        (dict(config='a', published='q'), 'here: row 0, paper: q'),
    ):
        with pytest.raises(KeyError, match=expected):
            rows(results, row)
    columns = [dict(title='AP', measure='AP')]
    with pytest.raises(KeyError, match="has no 'AP'"):
        rows(results, dict(config='a'), columns=columns)
    with pytest.raises(ValueError, match=r"unknown keys \['row'\]"):
        rows(results, row=[])


def test_figures_and_exports(results):
    columns = [dict(title='what', text=True), dict(title='ours', figure=True)]
    spec = dict(
        columns=columns,
        rows=[dict(text=dict(what='time'), figures=dict(ours='f'))],
    )
    table = build_table(spec, results, 'here')
    assert '| time | 4.6 s (single steps 4.6 to 5.2) |' in table.markdown()
    table = build_table(
        dict(columns=COLUMNS, rows=[dict(config='b')]), results, 'here'
    )
    header, (row,) = table.csv()
    assert header == ['network', 'paper', 'mIoU', 'mIoU sd', 'opt', 'opt sd']
    assert row == ['Net', None, 59.126, 0.25, 60.126, 0.25]
    assert r'59.13 $\pm$ 0.25' in table.latex()
