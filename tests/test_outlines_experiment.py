"""The networks that are compared on simulated outlines differ in one part."""

import pytest

from config_cases import CONFIGS, load, name, network
from fake_tensors import build_fake, fake_mode

COMPARED = [
    path
    for path in CONFIGS
    if '_simulated-outlines-' in path and 'df2rq-dem_' not in path
]


def test_the_ladder_and_its_rivals_are_there():
    assert {name(path).split('_')[0] for path in COMPARED} == {
        *('df2rq-concat', 'df2rq-mean', 'df2rq-sr', 'df2rq-df', 'df2rq'),
        *('df2rq-evidence', 'df2rq-match', 'df2rq-sr-match'),
        *(f'deeplabv3plus-{fusion}' for fusion in ('sum', 'gated', 'mdafm')),
    }


def test_parameters_are_within_ten_per_cent():
    counts = {
        name(path): sum(
            p.numel()
            for p in build_fake(network(path), fake_mode()).parameters()
        )
        for path in COMPARED
    }
    assert max(counts.values()) <= 1.1 * min(counts.values()), counts


def test_tests_mirror_as_trainings_do():
    cfg = load(COMPARED[0])
    (trained,) = (s for s in cfg.train_pipeline if s.type == 'RandomFlip')
    (augmented,) = (s for s in cfg.tta_pipeline if s.type == 'TestTimeAug')
    views = [flip for flip in augmented.transforms[0] if flip.prob]
    assert [flip.direction for flip in views] == [trained.direction]


@pytest.mark.parametrize('path', COMPARED, ids=name)
def test_all_but_the_fusion_is_equal(path):
    first, other = load(COMPARED[0]).to_dict(), load(path).to_dict()
    for cfg in (first, other):
        cfg['model'].pop('neck')
    assert other == first
