"""Features as colours."""

import numpy as np

from multimodal_rs.visualization.features import principal_colours


def test_equal_cells_have_equal_colours():
    random = np.random.default_rng(0)
    kinds = random.standard_normal((3, 8)).astype(np.float32)
    ids = random.integers(0, 3, (6, 7))
    colours = principal_colours(kinds[ids].transpose(2, 0, 1))
    assert colours.shape == (6, 7, 3) and colours.dtype == np.uint8
    found = {i: np.unique(colours[ids == i], axis=0) for i in range(3)}
    assert all(len(c) == 1 for c in found.values())
    assert len({tuple(c[0]) for c in found.values()}) == 3


def test_scale_does_not_matter_and_nothing_is_random():
    features = np.random.default_rng(0).standard_normal((5, 6, 7))
    first = principal_colours(features)
    np.testing.assert_array_equal(first, principal_colours(features))
    np.testing.assert_array_equal(first, principal_colours(8 * features + 3))


def test_constant_and_single_features_are_grey():
    assert (principal_colours(np.ones((4, 2, 3))) == 128).all()
    single = principal_colours(np.arange(6.0).reshape(1, 2, 3))
    assert (single[..., 1:] == 128).all()
    assert (np.diff(single[..., 0].ravel().astype(int)) >= 0).all()
