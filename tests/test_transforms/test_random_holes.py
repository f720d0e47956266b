"""Wedges and holes that are cut out of modalities."""

import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

SIZE = 40, 60


def sample():
    channels = dict(opt=3, sar=2)
    return dict(
        img=np.ones((*SIZE, 6), np.float32),
        modality_channels=channels,
        present_modalities=('opt', 'sar'),
    )


def cut(probs, number, results=None):
    """Where (opt, sar) are empty, in several draws, (N, 2, H, W)."""
    transform = TRANSFORMS.build(dict(type='RandomHoles', probs=probs))
    found = []
    for _ in range(number):
        image = transform(results() if results else sample())['img']
        empty = np.isnan(image)
        for bands in (empty[..., :3], empty[..., 3:5]):
            assert (bands.all(-1) == bands.any(-1)).all()
        assert not empty[..., 5].any()  # what says where the tile is
        found.append([empty[..., 0], empty[..., 3]])
    return np.array(found)


def test_parts_of_one_modality_are_cut_out():
    found = cut(dict(opt=0.3, sar=0.6), 200)
    hit = found.any((2, 3))
    # Both drawn: one is spared. 0.3 * 0.4 + 0.09 and 0.7 * 0.6 + 0.09.
    assert not hit.all(1).any()
    assert abs(hit.mean(0) - [0.21, 0.51]).max() < 0.15
    shares = found.mean((2, 3))[hit]
    assert shares.max() <= 0.75 and shares.min() < 0.1
    assert 0.15 < shares.mean() < 0.45


def test_wedges_and_holes():
    found = cut(dict(sar=1.0), 100)
    assert not found[:, 0].any()
    masks = found[:, 1]
    corners = masks[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    # A line has a corner beyond it and one before it, holes mostly none.
    wedges = corners.any(1) & ~corners.all(1)
    assert 30 < wedges.sum() < 80
    sides = corners.any(0)
    assert sides.all()  # in every direction


def test_nothing_is_lost_altogether():
    def nearly_empty():
        results = sample()
        results['img'][:, 1:, 3:5] = np.nan
        return results

    found = cut(dict(sar=1.0), 50, nearly_empty)
    assert not found[:, 1].all((1, 2)).any()
    absent = dict(sample(), present_modalities=('opt',))
    found = cut(dict(opt=1.0, sar=1.0), 20, lambda: dict(absent))
    assert not found.any()


def test_wrong_arguments():
    with pytest.raises(ValueError, match='RandomHoles: .* got .*1.2'):
        TRANSFORMS.build(dict(type='RandomHoles', probs=dict(opt=1.2)))
    with pytest.raises(KeyError, match="RandomHoles: unknown .*'dem'"):
        cut(dict(dem=1.0), 1)
