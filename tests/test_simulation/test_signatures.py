"""The tables agree with each other and with what they are said to be."""

import numpy as np
import pytest

from multimodal_rs.simulation.signatures import (
    BANDS,
    COMPONENTS,
    COVER_TYPES,
    Cover,
    component_spectra,
    mixtures,
)

# As in the docstring of the module.
RANGES = {
    Cover.FOREST: ((-11, -6), (-17, -12)),
    Cover.SHRUBLAND: ((-15, -9), (-22, -15)),
    Cover.GRASSLAND: ((-18, -10), (-25, -17)),
    Cover.WETLAND: ((-15, -5), (-24, -13)),
    Cover.CROPLAND: ((-17, -7), (-25, -13)),
    Cover.URBAN: ((-9, 3), (-18, -6)),
    Cover.BARREN: ((-24, -10), (-32, -18)),
    Cover.WATER: ((-27, -12), (-34, -22)),
}


def test_spectra_have_all_bands_and_are_reflectances():
    spectra = component_spectra()
    assert spectra.shape == (len(COMPONENTS), len(BANDS))
    assert spectra.min() >= 0
    assert spectra.max() < 0.5


def test_mixtures_are_complete():
    np.testing.assert_allclose(mixtures().sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize('cover', Cover)
def test_shares_of_a_class_are_complete(cover: Cover):
    shares = [k.share for k in COVER_TYPES.values() if k.cover == cover]
    assert sum(shares) == pytest.approx(1)


@pytest.mark.parametrize('name', COVER_TYPES)
def test_backscatter_lies_in_the_cited_range(name: str):
    kind = COVER_TYPES[name]
    vv, vh = RANGES[kind.cover]
    assert vv[0] <= kind.vv <= vv[1]
    assert vh[0] <= kind.vh <= vh[1]
    assert kind.vh < kind.vv


def test_vegetation_is_green_and_water_is_not():
    ground = dict(
        zip(COVER_TYPES, mixtures() @ component_spectra(), strict=True)
    )
    red, infrared = BANDS.index('B4'), BANDS.index('B8')

    def ndvi(name: str) -> float:
        spectrum = ground[name]
        return (spectrum[infrared] - spectrum[red]) / (
            spectrum[infrared] + spectrum[red]
        )

    assert min(ndvi('conifers'), ndvi('broadleaves')) > 0.7
    assert 0.2 < ndvi('dry grass') < ndvi('meadow') < ndvi('green crop')
    assert max(ndvi('sand'), ndvi('rock'), ndvi('dense town')) < 0.25
    assert max(ndvi('clear water'), ndvi('turbid water')) < 0


def test_pairs_that_need_both_sensors():
    ground = dict(
        zip(COVER_TYPES, mixtures() @ component_spectra(), strict=True)
    )
    for one, other in (
        ('conifers', 'dense shrub'),
        ('meadow', 'wet meadow'),
        ('rock', 'dense town'),
    ):  # alike for the optical sensor, not for the radar
        assert np.abs(ground[one] - ground[other]).max() < 0.06
        assert abs(COVER_TYPES[one].vv - COVER_TYPES[other].vv) > 2
    for one, other in (('sand', 'clear water'), ('meadow', 'ripe crop')):
        assert np.abs(ground[one] - ground[other]).max() > 0.1
        assert abs(COVER_TYPES[one].vv - COVER_TYPES[other].vv) <= 1
