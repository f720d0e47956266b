"""Modalities that are left out."""

from collections import Counter
from itertools import combinations
from math import prod, sqrt

import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from fake_data.numbered import BANDS, LOAD, PACK, build, make_tile


def test_modality_dropout_keeps_at_least_one(tmp_path):
    make_tile(tmp_path)
    drop = dict(type='ModalityDropout', probs=dict.fromkeys(BANDS, 0.9))
    dataset = build(tmp_path, [*LOAD, drop, PACK])
    seen = set()
    for _ in range(30):
        data = dataset[0]
        present = data['data_samples'].present_modalities
        assert present
        seen.add(present)
        for m in BANDS:
            assert data['inputs'][m].isnan().all() == (m not in present)
    assert len(seen) > 3


@pytest.mark.parametrize(
    'probs',
    [
        dict(opt=0.2, sar=0.5),
        dict(opt=0.2, sar=0.5, dem=0.4),
        dict(opt=0.2, sar=0.5, dem=0.4, hsi=0.3),
        dict(opt=1.0, sar=1.0, dem=1.0),
    ],
    ids=['two', 'three', 'four', 'always'],
)
def test_every_subset_is_drawn_as_often_as_the_probabilities_say(probs):
    """Independent draws; where nothing would be left, one of all stays."""
    names, draws = tuple(probs), 4000
    expected = {
        kept: prod(1 - p if m in kept else p for m, p in probs.items())
        for number in range(1, len(names) + 1)
        for kept in combinations(names, number)
    }
    for m in names:
        expected[m,] += prod(probs.values()) / len(names)
    assert sum(expected.values()) == pytest.approx(1)
    counts = Counter(draw(probs, names) for _ in range(draws))
    assert set(counts) == {kept for kept, p in expected.items() if p}
    for kept, p in expected.items():
        limit = 5 * sqrt(draws * p * (1 - p))
        assert abs(counts[kept] - draws * p) <= limit, kept


def test_what_a_sample_lacks_does_not_come_back():
    probs = dict(opt=0.5, sar=0.5, dem=0.5, hsi=0.5)
    there = ('sar', 'hsi')
    seen = {draw(probs, there) for _ in range(100)}
    assert seen == {('sar',), ('hsi',), there}


def draw(probs, present):
    """Return which modalities of a sample are left."""
    transform = TRANSFORMS.build(dict(type='ModalityDropout', probs=probs))
    results = dict(
        img=np.zeros((1, 1, len(probs)), 'float32'),
        modality_channels=dict.fromkeys(probs, 1),
        present_modalities=present,
    )
    return transform(results)['present_modalities']


@pytest.fixture(autouse=True)
def _same_draws():
    np.random.seed(0)


def test_gaps_of_the_data_are_always_the_same():
    """``fixed``: drawn from the id of the sample, whatever else is drawn."""
    probs = dict(opt=0.4, sar=0.4)

    def draw_of(sample, **fixed):
        results = dict(
            sample_id=sample,
            img=np.zeros((1, 1, 2)),
            modality_channels=dict.fromkeys(probs, 1),
            present_modalities=tuple(probs),
        )
        drop = TRANSFORMS.build(
            dict(type='ModalityDropout', probs=probs, **fixed)
        )
        return drop(results)['present_modalities']

    names = [f'scene/{i}' for i in range(600)]
    first = [draw_of(name, fixed=0) for name in names]
    assert first == [draw_of(name, fixed=0) for name in names]
    assert first != [draw_of(name, fixed=1) for name in names]
    assert [draw_of(name) for name in names] != [
        draw_of(name) for name in names
    ]
    shares = Counter(first)
    for kept, expected in ((('opt', 'sar'), 0.36), (('opt',), 0.32)):
        assert abs(shares[kept] / 600 - expected) < 0.1
