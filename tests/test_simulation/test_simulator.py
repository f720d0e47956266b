"""One piece of land: shapes, seeds, clouds, what each sensor sees of them."""

import numpy as np
import pytest

from multimodal_rs.simulation.optical import draw_clouds
from multimodal_rs.simulation.signatures import BANDS, Cover
from multimodal_rs.simulation.simulator import SEASONS, Sample, simulate

SHAPE = (64, 80)


def same(one: Sample, other: Sample) -> bool:
    return all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes()
        for name in ('s2', 's1', 'label')
    )


def test_shapes_types_and_numbers():
    sample = simulate(0, 0, SHAPE)
    assert sample.s2.shape == (13, *SHAPE)
    assert sample.s2.dtype == np.uint16
    assert sample.s1.shape == (2, *SHAPE)
    assert sample.s1.dtype == np.float32
    assert sample.label.shape == (1, *SHAPE)
    assert sample.label.dtype == np.int32
    assert sample.season in SEASONS


def test_numbers_are_plausible():
    samples = [simulate(0, i, (96, 96)) for i in range(12)]
    ids = np.unique([s.label for s in samples])
    assert set(ids) == set(Cover)
    s2 = np.concatenate([s.s2.reshape(13, -1) for s in samples], axis=1)
    assert s2.min() > 0
    assert s2.max() < 16_000  # DFC2020 has up to 15.5 k
    s1 = np.concatenate([s.s1.reshape(2, -1) for s in samples], axis=1)
    low, high = np.nanpercentile(s1, [1, 99], axis=1)
    assert (low > (-30, -38)).all()
    assert (high < (3, -3)).all()
    assert (np.nanmean(s1, axis=1) > (-17, -24)).all()
    assert (np.nanmean(s1, axis=1) < (-9, -16)).all()


def test_same_seed_same_bytes_whatever_was_drawn_before():
    first = simulate(3, 5, SHAPE)
    simulate(3, 6, SHAPE)
    np.random.seed(1)
    assert same(first, simulate(3, 5, SHAPE))


@pytest.mark.parametrize(('seed', 'index'), [(4, 5), (3, 6)])
def test_another_seed_or_number_is_another_land(seed: int, index: int):
    one, other = simulate(3, 5, SHAPE), simulate(seed, index, SHAPE)
    assert not np.array_equal(one.label, other.label)
    assert not np.array_equal(one.s2, other.s2)


def test_clouds_are_bright_for_the_optical_sensor_only():
    clear = simulate(0, 1, SHAPE, cloud_cover=0.0, wedge=0.0)
    cloudy = simulate(0, 1, SHAPE, cloud_cover=0.6, wedge=0.0)
    assert np.array_equal(clear.s1, cloudy.s1)
    assert np.array_equal(clear.label, cloudy.label)
    blue, cirrus = BANDS.index('B2'), BANDS.index('B10')
    bright = cloudy.s2[blue] > 4000
    assert 0.35 < bright.mean() < 0.75
    assert clear.s2[blue].max() < 4000
    for band in range(13):
        ratio = cloudy.s2[band][bright].mean() / clear.s2[band][bright].mean()
        assert ratio > 1.15
    assert cloudy.s2[cirrus][bright].min() > clear.s2[cirrus].max()


def test_clouds_hide_the_ground():
    clear = simulate(0, 2, SHAPE, cloud_cover=0.0)
    cloudy = simulate(0, 2, SHAPE, cloud_cover=0.9)
    opaque = cloudy.s2[1] > 6000
    ground, seen = clear.s2[7][opaque], cloudy.s2[7][opaque]
    assert opaque.mean() > 0.4
    assert abs(np.corrcoef(ground, seen)[0, 1]) < 0.35


def test_shadow_is_as_large_as_the_cloud_and_beside_it():
    clouds = draw_clouds(np.random.default_rng(0), (128, 128), 0.4)
    assert (clouds.opacity > 0.5).mean() == pytest.approx(0.4, abs=0.02)
    shadow = clouds.shadow > 0.5
    assert 0.2 < shadow.mean() < 0.6
    assert (shadow & (clouds.opacity < 0.1)).mean() > 0.03


def test_wedge_is_missing_in_the_radar_image_only():
    whole = simulate(0, 1, SHAPE, cloud_cover=0.0, wedge=0.0)
    cut = simulate(0, 1, SHAPE, cloud_cover=0.0, wedge=0.3)
    missing = np.isnan(cut.s1)
    assert 0.25 < missing.mean() < 0.35
    assert np.array_equal(missing[0], missing[1])
    assert not np.isnan(whole.s1).any()
    assert np.array_equal(whole.s2, cut.s2)
    assert np.array_equal(whole.s1[~missing], cut.s1[~missing])


def test_some_are_cloudy_and_some_at_the_edge_but_never_all_outside():
    samples = [simulate(0, i, (32, 32)) for i in range(60)]
    cloudy = np.mean([s.cloud_cover > 0 for s in samples])
    missing = np.array([np.isnan(s.s1).mean() for s in samples])
    assert 0.1 < cloudy < 0.5
    assert 0 < (missing > 0).mean() < 0.25
    assert missing.max() < 0.5


def test_diverse_land_has_all_classes():
    label = simulate(0, 0, (256, 256), diverse=True).label
    shares = [(label == cover).mean() for cover in Cover]
    assert min(shares) >= 0.03
    assert max(shares) <= 0.35


def test_diversity_needs_room():
    with pytest.raises(ValueError, match='ask for more land'):
        simulate(0, 0, (8, 8), diverse=True)
