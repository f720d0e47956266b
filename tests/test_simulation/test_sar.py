"""Speckle, noise floor and swath edge of the simulated radar image."""

import numpy as np
import pytest

from multimodal_rs.simulation.landscape import Landscape
from multimodal_rs.simulation.sar import (
    LOOKS,
    NOISE_DB,
    draw_wedge,
    observe_sar,
    speckle,
    to_decibel,
    to_power,
)
from multimodal_rs.simulation.signatures import COVER_TYPES, Cover


def homogeneous(name: str, shape: tuple[int, int]) -> Landscape:
    kind = list(COVER_TYPES).index(name)
    cover = int(COVER_TYPES[name].cover)
    return Landscape(
        label=np.full(shape, cover, np.int32),
        kind=np.full(shape, kind, np.int32),
        lot=np.zeros(shape, np.int32),
    )


@pytest.mark.parametrize('looks', [1, 4])
def test_equivalent_number_of_looks(looks: int):
    power = speckle(np.random.default_rng(0), (400, 400), looks)
    assert power.dtype == np.float32
    assert power.mean() == pytest.approx(1, rel=0.02)
    assert power.mean() ** 2 / power.var() == pytest.approx(looks, rel=0.05)
    # Third moment of a gamma distribution: skewness 2 / sqrt(looks).
    skewness = ((power - power.mean()) ** 3).mean() / power.std() ** 3
    assert skewness == pytest.approx(2 / np.sqrt(looks), rel=0.1)


def test_speckle_of_neighbours_is_correlated_and_further_off_is_not():
    power = speckle(np.random.default_rng(0), (300, 300))
    near = np.corrcoef(power[:, 1:].ravel(), power[:, :-1].ravel())[0, 1]
    far = np.corrcoef(power[:, 4:].ravel(), power[:, :-4].ravel())[0, 1]
    assert 0.1 < near < 0.3
    assert abs(far) < 0.02


def test_looks_of_a_homogeneous_area_of_an_image():
    land = homogeneous('clear water', (300, 300))
    image = observe_sar(np.random.default_rng(3), land, None)
    for band in to_power(image.astype(np.float64)):
        # Small windows: the backscatter of water varies slowly with wind.
        windows = band.reshape(30, 10, 30, 10).swapaxes(1, 2)
        windows = windows.reshape(900, 100)
        looks = windows.mean(axis=1) ** 2 / windows.var(axis=1)
        assert np.median(looks) == pytest.approx(LOOKS, rel=0.15)


def test_nothing_is_darker_than_the_noise():
    land = homogeneous('sand', (200, 200))
    vh = observe_sar(np.random.default_rng(0), land, None)[1]
    mean = to_decibel(to_power(vh.astype(np.float64)).mean())
    assert mean > NOISE_DB


@pytest.mark.parametrize('share', [0.05, 0.4])
def test_wedge_has_its_share_and_touches_a_corner(share: float):
    outside = draw_wedge(np.random.default_rng(1), (90, 120), share)
    assert outside.dtype == bool
    assert outside.mean() == pytest.approx(share, abs=0.01)
    assert outside[[0, 0, -1, -1], [0, -1, 0, -1]].any()


def test_outside_the_swath_is_nan_in_both_bands_and_nowhere_else():
    land = homogeneous('meadow', (64, 64))
    outside = draw_wedge(np.random.default_rng(0), (64, 64), 0.2)
    image = observe_sar(np.random.default_rng(0), land, outside)
    assert image.dtype == np.float32
    assert np.array_equal(np.isnan(image), np.stack([outside, outside]))


def test_town_is_bright_and_water_is_dark():
    level = {
        name: observe_sar(
            np.random.default_rng(0), homogeneous(name, (64, 64)), None
        ).mean(axis=(1, 2))
        for name in ('dense town', 'conifers', 'clear water')
    }
    assert (level['dense town'] > level['conifers'] + 2).all()
    assert (level['conifers'] > level['clear water'] + 5).all()
    assert COVER_TYPES['clear water'].cover == Cover.WATER
