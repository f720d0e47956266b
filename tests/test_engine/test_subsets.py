"""Which subsets are tested, and what is refused in place of a test."""

from pathlib import Path

import pytest
from mmengine.evaluator import Evaluator

from multimodal_rs.engine.subset_test_loop import resolve_subsets
from multimodal_rs.evaluation.land_cover_metric import LandCoverMetric
from subset_cases import (
    CLASSES,
    FirstPresentModel,
    TileDataset,
    make_runner,
)


def test_subsets_are_in_the_order_of_the_dataset() -> None:
    names = ('opt', 'sar', 'dsm')
    assert list(resolve_subsets(None, names)) == [
        'opt+sar+dsm',
        *('opt+sar', 'opt+dsm', 'sar+dsm'),
        *('opt', 'sar', 'dsm'),
    ]
    assert resolve_subsets('single', names) == {
        'opt+sar+dsm': names,
        'opt': ('opt',),
        'sar': ('sar',),
        'dsm': ('dsm',),
    }
    assert resolve_subsets([['dsm', 'opt'], names], names) == {
        'opt+sar+dsm': names,
        'opt+dsm': ('opt', 'dsm'),
    }
    assert resolve_subsets(None, ['opt']) == {'opt': ('opt',)}


def test_all_subsets_by_default_up_to_four_modalities() -> None:
    four, five = ('a', 'b', 'c', 'd'), ('a', 'b', 'c', 'd', 'e')
    assert len(resolve_subsets(None, four)) == 15
    assert len(resolve_subsets(None, five)) == 6
    assert len(resolve_subsets('all', five)) == 31


@pytest.mark.parametrize('subsets', [None, 'all', 'single'])
def test_subsets_are_of_what_the_network_reads(
    tmp_path: Path, subsets: str | None
) -> None:
    """The data may have more: nobody could answer from that alone."""
    dataset = TileDataset()
    dataset.metainfo = dataset.metainfo | dict(
        modalities=dict(sar={}, dsm={}, opt={})
    )
    model = FirstPresentModel()
    model.modalities = ('opt', 'sar')
    runner = make_runner(tmp_path, dataset, model=model, subsets=subsets)
    assert list(runner.test_loop.subsets) == ['sar+opt', 'sar', 'opt']
    named = [['dsm', 'opt']]
    runner = make_runner(tmp_path / 'b', dataset, model=model, subsets=named)
    assert list(runner.test_loop.subsets) == ['sar+dsm+opt', 'dsm+opt']


@pytest.mark.parametrize(
    ('subsets', 'error', 'message'),
    [
        ([['opt', 'dsm']], KeyError, r"\['dsm'\].*declares \['opt', 'sar'\]"),
        (['opt'], TypeError, r"got 'opt': write \['opt'\]"),
        ('every', ValueError, "'all', 'single' or lists .* got 'every'"),
        ([[]], ValueError, r'not empty, got \[\]'),
        ([['opt', 'opt']], ValueError, r"got \['opt', 'opt'\]"),
        ([['sar'], ['sar']], ValueError, r"got \['sar'\] in"),
    ],
)
def test_wrong_subsets_fail_before_the_first_batch(
    tmp_path: Path, subsets: list, error: type, message: str
) -> None:
    runner = make_runner(tmp_path, subsets=subsets)
    with pytest.raises(error, match=message):
        runner.test()
    assert runner.model.calls == []


def test_dataset_without_modalities(tmp_path: Path) -> None:
    dataset = TileDataset()
    dataset.metainfo = {'classes': CLASSES}
    runner = make_runner(tmp_path, dataset)
    with pytest.raises(KeyError, match='TileDataset has none'):
        runner.test()


def test_sample_without_presence(tmp_path: Path) -> None:
    dataset = TileDataset()
    sample = dataset[1]['data_samples']
    del sample.present_modalities
    with pytest.raises(KeyError, match='add it to `meta_keys`'):
        make_runner(tmp_path, dataset).test()


@pytest.mark.parametrize(
    'evaluator', [Evaluator(LandCoverMetric()), [LandCoverMetric()]]
)
def test_built_evaluator_is_refused(tmp_path: Path, evaluator) -> None:
    with pytest.raises(TypeError, match='config dict or a list of them'):
        make_runner(tmp_path, evaluator=evaluator).test()
