from itertools import combinations

import pytest
from PIL import Image

import plot_results
from helpers import ROOT
from multimodal_rs.reports.figure_files import save_figure
from multimodal_rs.results import plot_entries, plots, subset_plots
from multimodal_rs.results.record import write_record
from multimodal_rs.results.store import read_results


@pytest.fixture
def entries(make_record):
    """Two networks, the first with two seeds, and one for a sensor alone."""
    other = 'configs/method/other_r18_1xb8-8e_ombria-128x128.py'
    alone = 'configs/method/opt_r18_1xb8-8e_ombria-128x128.py'
    return plot_entries.record_entries(
        [
            make_record(),
            make_record(2.0, seeds=[1]),
            make_record(7.0, config=other, method='Other', flops=None),
            make_record(
                config=alone,
                method='Alone',
                modalities=dict(opt=[0]),
                measures={'opt': dict(mIoU=40.0)},
                classes={},
            ),
        ]
    )


def drawn(axis):
    """(x, y) of each point with an error bar, and its label."""
    return {
        bars.get_label(): bars.lines[0].get_xydata()[0].tolist()
        for bars in axis.containers
    }


def test_cost(entries):
    picture = plots.plot_cost(entries, 'parameters')
    (axis,) = picture.axes
    assert axis.get_title() == 'OMBRIA'
    assert axis.get_xlabel() == 'parameters (million)'
    assert axis.get_ylabel() == 'mIoU (%)'
    expected = {'Net': [1.5, 51], 'Other': [1.5, 57], 'Alone': [1.5, 40]}
    assert drawn(axis) == expected
    assert len({bars.lines[0].get_color() for bars in axis.containers}) == 3
    # What was not counted is not drawn.
    (axis,) = plots.plot_cost(entries, 'flops').axes
    assert set(drawn(axis)) == {'Net', 'Alone'}


def test_subsets(entries):
    picture = subset_plots.plot_subsets(entries)
    (axis,) = picture.axes
    labels = [text.get_text() for text in axis.get_yticklabels()]
    assert labels == ['Net', 'Other']
    points = [
        (bars.get_label(), bars.lines[0].get_xdata()[0])
        for bars in axis.containers
    ]
    assert sorted(points) == [
        ('opt', 52.0),
        ('opt', 58.0),
        ('opt + sar', 51.0),
        ('opt + sar', 57.0),
    ]
    references = {
        line.get_label(): line.get_xdata()[0]
        for line in axis.lines
        if line.get_linestyle() == '--'
    }
    assert references == {'a network for opt only': 40.0}


def test_classes(entries):
    series = plots.class_series(entries, 'IoU', None)
    assert series == {
        'Net': dict(dry=61.0, wet=None),
        'Other': dict(dry=67.0, wet=None),
    }
    (axis,) = plots.plot_classes(series, 'IoU').axes
    assert [t.get_text() for t in axis.get_xticklabels()] == ['dry', 'wet']
    heights = {
        bars.get_label(): bars.patches[0].get_height()
        for bars in axis.containers
    }
    assert heights == {'Net': 61.0, 'Other': 67.0}


def test_other_lengths_of_training_have_panels_of_their_own(make_record):
    found = plot_entries.record_entries(
        [
            make_record(),
            make_record(options=['train_cfg.max_epochs=40'], epochs=40),
        ]
    )
    assert [e.panel for e in found] == [
        'OMBRIA, 8 epochs',
        'OMBRIA, 40 epochs',
    ]
    assert len(plots.plot_cost(found, 'parameters').axes) == 2


def test_runs_of_one_method_are_told_apart(make_record):
    wide = 'configs/method/net_r50_1xb8-8e_ombria-128x128.py'
    other = 'configs/method/net_r18_1xb8-8e_dfc2020-128x128.py'
    records = [
        make_record(),
        make_record(5.0, config=wide),
        make_record(9.0, config=other, dataset='DFC2020'),
    ]
    found = plot_entries.record_entries(records)
    assert [(e.label, e.panel) for e in found] == [
        ('Net, net_r18_1xb8-8e_ombria-128x128', 'OMBRIA'),
        ('Net, net_r50_1xb8-8e_ombria-128x128', 'OMBRIA'),
        ('Net', 'DFC2020'),
    ]
    # Each run is a series, also where two panels have one label.
    series = plots.class_series(found, 'IoU', None)
    assert [v['dry'] for v in series.values()] == [60, 65, 69]
    two = plot_entries.record_entries(records[::2])
    series = plots.class_series(two, 'IoU', None)
    assert {k: v['dry'] for k, v in series.items()} == {
        'Net, OMBRIA': 60,
        'Net, DFC2020': 69,
    }


def test_more_networks_than_colors_have_styles_of_their_own(make_record):
    configs = [
        f'configs/method/net{i}_r18_1xb8-8e_ombria-128x128.py'
        for i in range(20)
    ]
    found = plot_entries.record_entries(
        [make_record(config=c) for c in configs]
    )
    assert len({*plots.network_styles(found).values()}) == 20


def test_entries_of_a_table():
    results = read_results(ROOT)
    found = plot_entries.table_entries(results, 'configs/joitrinet', 'ombria')
    labels = [entry.label for entry in found]
    assert labels[:3] == ['JoiTriNet-e', 'JoiTriNet-d', 'early concatenation']
    assert labels[3:] == ['DeepLabV3+, only opt', 'DeepLabV3+, only sar']
    with pytest.raises(KeyError, match="no table 'none', only"):
        plot_entries.table_entries(results, 'configs/joitrinet', 'none')


@pytest.mark.parametrize('number', [3, 4])
def test_many_subsets_have_rows(make_record, number):
    """Fifteen marks in a row could not be told apart."""
    names = ('opt', 'sar', 'dem', 'ndvi')[:number]
    subsets = [
        '+'.join(kept)
        for size in range(number, 0, -1)
        for kept in combinations(names, size)
    ]
    measures = {s: dict(mIoU=50.0 + i) for i, s in enumerate(subsets)}
    found = plot_entries.record_entries(
        [
            make_record(
                config=f'configs/method/{kind}_r18_1xb8-8e_ombria-128x128.py',
                method=kind,
                modalities={m: [0] for m in names},
                measures=measures,
                classes={},
            )
            for kind in ('one', 'other')
        ]
    )
    (axis,) = subset_plots.plot_subsets(found).axes
    labels = [text.get_text() for text in axis.get_yticklabels()]
    assert labels == [s.replace('+', ' + ') for s in subsets]
    points = [
        (bars.get_label(), *bars.lines[0].get_xydata()[0])
        for bars in axis.containers
    ]
    assert len(points) == 2 * len(subsets)
    for label, value, row in points:
        assert value == 50 + round(row), label


def test_nothing_to_draw(entries):
    alone = entries[-1:]
    with pytest.raises(ValueError, match='several subsets'):
        subset_plots.plot_subsets(alone)
    with pytest.raises(ValueError, match='flops and AP'):
        plots.plot_cost(entries, 'flops', 'AP')
    with pytest.raises(ValueError, match='has AP of several subsets'):
        subset_plots.plot_subsets(entries, 'AP')
    with pytest.raises(ValueError, match='IoU of classes'):
        plots.plot_classes(plots.class_series(alone, 'IoU', None), 'IoU')


@pytest.fixture
def bars(monkeypatch, tmp_path):
    """Draw classes with the tool; label -> height of the first bars."""
    pictures = []

    def save(picture, target, dpi):
        pictures.append(picture)
        save_figure(picture, target, dpi)

    def draw(*arguments):
        target = tmp_path / 'classes.png'
        arguments = ['classes', *arguments, '--out', str(target)]
        assert plot_results.main(arguments) == 0
        with Image.open(target) as image:
            assert min(image.size) > 300
        (axis,) = pictures[-1].axes
        return {
            bars.get_label(): bars.patches[0].get_height()
            for bars in axis.containers
        }

    monkeypatch.setattr(plot_results, 'save_figure', save)
    return draw


def test_tool_draws_what_papers_print(bars):
    published = read_results(ROOT).published
    ids = [f'joitrinet-e/{data}/opt+sar' for data in ('dfc2020', 'dongying')]
    other = ids[0].replace('-e', '-d')

    def first(name):
        return next(iter(published[name].classes['IoU'].values()))

    assert bars('--published', ids[0], other) == {
        f'{published[name].method} (published)': first(name)
        for name in (ids[0], other)
    }
    found = bars('--published', *ids)
    assert list(found) == [f'{name} (published)' for name in ids]
    assert found[f'{ids[0]} (published)'] == first(ids[0])
    bare = next(n for n, entry in published.items() if not entry.classes)
    for name in (bare, 'none'):
        with pytest.raises(KeyError, match='expected an id with the IoU of'):
            bars('--published', name)


def test_tool_tells_records_from_a_table(bars, make_record, tmp_path):
    name = 'configs/df2rq/ombria'
    table = plot_entries.table_entries(
        read_results(ROOT), *name.rsplit('/', 1)
    )
    known = next(e for e in table if e.label == 'mean').record
    other = 'configs/own/net_r18_1xb8-8e_a-128x128.py'
    files = []
    for config in (known.config, other):
        files.append(tmp_path / f'{len(files)}.json')
        record = make_record(
            config=config,
            method='mean',
            dataset=known.dataset,
            epochs=known.epochs,
        )
        write_record(files[-1], record)
    found = bars('--table', name, '--records', *map(str, files))
    assert len(found) == len(table) + 2
    assert found['mean (--records)'] == 60
    assert sum(label.startswith('mean') for label in found) == 3
