"""What SAR sees otherwise, and that nothing changes unless it is asked for."""

import math

import numpy as np
import pytest
from scipy import ndimage

from multimodal_rs.simulation.differences import (
    HEIGHTS,
    INCIDENCE,
    SensorDifferences,
    dilate,
    displace,
    draw_displacement,
    lean,
)
from multimodal_rs.simulation.elevation import observe_elevation
from multimodal_rs.simulation.landscape import Landscape, draw_landscape
from multimodal_rs.simulation.optical import observe_optical
from multimodal_rs.simulation.sar import observe_sar
from multimodal_rs.simulation.signatures import (
    ALIKE,
    COVER_TYPES,
    Cover,
    column,
    component_spectra,
    draw_together,
    mixtures,
)
from multimodal_rs.simulation.simulator import simulate

SHAPE = (64, 80)
MEADOW = list(COVER_TYPES).index('meadow')
TOWN = list(COVER_TYPES).index('dense town')


def square_town(rows: slice, columns: slice) -> Landscape:
    kind = np.full((20, 30), MEADOW, np.int32)
    kind[rows, columns] = TOWN
    label = np.full(kind.shape, int(Cover.GRASSLAND), np.int32)
    label[rows, columns] = int(Cover.URBAN)
    return Landscape(label, kind, label.copy())


def moved_back(image: np.ndarray, displacement: np.ndarray) -> np.ndarray:
    """Read at u + d(u) what belongs to u."""
    at = np.indices(image.shape) + displacement
    return ndimage.map_coordinates(image, at, order=0, mode='mirror')


def explained(image: np.ndarray, label: np.ndarray) -> float:
    """Return the share of the variance that lies between the classes."""
    total = ((image - image.mean()) ** 2).sum()
    within = sum(
        image[label == c].var() * (label == c).sum()
        for c in Cover
        if (label == c).any()
    )
    return 1 - within / total


@pytest.mark.parametrize(
    ('index', 'label', 's2', 's1'),
    [  # as they were before there were differences
        (0, 40358, 65308606, -192017.59018063545),
        (1, 36157, 250821669, -174261.2104447709),
        (2, 51200, 33200844, -236245.13037395477),
    ],
)
def test_the_default_is_what_it_has_always_been(index, label, s2, s1):
    sample = simulate(0, index, SHAPE)
    assert sample.label.sum() == label
    # Other processors may round otherwise.
    assert sample.s2.sum(dtype=np.int64) == pytest.approx(s2, rel=1e-6)
    assert np.nansum(sample.s1, dtype=np.float64) == pytest.approx(s1, 1e-6)
    assert sample.dem is None
    assert sample.displacement is None


@pytest.mark.parametrize('name', ['displacement', 'dilation', 'layover'])
def test_only_sar_changes(name):
    before = simulate(0, 3, SHAPE)
    after = simulate(
        0, 3, SHAPE, differences=SensorDifferences(**{name: 3.0}), dem=True
    )
    assert np.array_equal(before.label, after.label)
    assert np.array_equal(before.s2, after.s2)
    assert not np.array_equal(before.s1, after.s1)
    assert np.array_equal(np.isnan(before.s1), np.isnan(after.s1))


@pytest.mark.parametrize('bound', [2, 5])
def test_displacement_has_its_bound_and_varies(bound):
    field = draw_displacement(np.random.default_rng(0), (128, 160), bound)
    assert field.shape == (2, 128, 160)
    assert field.dtype == np.float32
    length = np.hypot(*field)
    assert length.max() <= bound + 1e-5
    assert 0.5 * bound < length.mean() < 0.95 * bound
    assert (field.std(axis=(1, 2)) > 0.3 * bound).all()
    # No fold: neighbours stay neighbours.
    assert np.abs(np.diff(field, axis=1)).max() < 1
    assert np.abs(np.diff(field, axis=2)).max() < 1


def test_the_displacement_says_where_the_ground_is_seen():
    inner = (slice(8, -8), slice(8, -8))
    agreeing = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        land = draw_landscape(rng, (128, 128))
        field = draw_displacement(rng, (128, 128), 4)
        seen = displace(land, field)
        for name in ('label', 'kind', 'lot'):
            own, other = getattr(land, name), getattr(seen, name)
            assert other.dtype == own.dtype
            back = moved_back(other, field)
            assert (back == own)[inner].mean() > 0.98
        agreeing.append((seen.label == land.label)[inner].mean())
    assert np.mean(agreeing) < 0.93


def test_a_constant_displacement_is_a_shift():
    land = draw_landscape(np.random.default_rng(0), (40, 50))
    field = np.empty((2, 40, 50), np.float32)
    field[0], field[1] = 3, -2
    seen = displace(land, field)
    assert np.array_equal(seen.label[3:, :-2], land.label[:-3, 2:])


def test_sar_agrees_with_the_label_once_it_is_moved_back():
    clear = dict(cloud_cover=0.0, wedge=0.0)
    differences = SensorDifferences(displacement=4.0)
    shares = []
    for index in range(4):
        sample = simulate(0, index, (96, 96), differences=differences, **clear)
        plain = simulate(0, index, (96, 96), **clear)
        label = sample.label[0]
        back = moved_back(sample.s1[0], sample.displacement)
        shares.append(
            [
                explained(image, label)
                for image in (plain.s1[0], sample.s1[0], back)
            ]
        )
    plain, displaced, back = np.mean(shares, axis=0)
    assert displaced < plain - 0.1
    assert back == pytest.approx(plain, abs=0.03)


def test_towns_grow_by_the_stated_number_of_pixels():
    land = square_town(slice(8, 12), slice(10, 14))
    grown = dilate(land, 2)
    town = grown.label == Cover.URBAN
    assert town[6:14, 10:14].all() and town[8:12, 8:16].all()
    assert not town[5].any() and not town[:, 7].any()
    assert not town[6, 8]  # round: the corner is further off than 2
    assert np.array_equal(grown.kind == TOWN, town)
    assert np.array_equal(grown.lot, grown.label)
    assert np.array_equal(dilate(land, 0).label, land.label)


def test_forest_does_not_grow_over_towns():
    land = square_town(slice(8, 12), slice(10, 14))
    land.label[:, :10] = Cover.FOREST
    grown = dilate(land, 2).label
    assert (grown[8:12, 10:14] == Cover.URBAN).all()
    assert (grown[9:11, 8:10] == Cover.URBAN).all()
    assert (grown[0, 10:12] == Cover.FOREST).all()
    assert (grown[0, 12:] == Cover.GRASSLAND).all()


def test_layover_lies_before_and_shadow_behind_a_town():
    land = square_town(slice(5, 15), slice(10, 16))
    power = np.where(land.label == Cover.URBAN, 10.0, 1.0)
    seen = lean(power, land, 3)
    shadow = 3 * math.tan(INCIDENCE) ** 2  # behind the town, in pixels
    assert 1 < shadow < 2
    row = [1.0] * 7 + [11.0] * 3 + [10.0] * 3 + [0.0] * 3 + [0.0] + [1.0] * 13
    np.testing.assert_array_equal(seen[10], row)
    np.testing.assert_array_equal(seen[0], np.ones(30))
    np.testing.assert_array_equal(lean(power, land, 0), power)


def test_a_town_that_goes_on_beyond_the_edge_has_no_dark_edge():
    land = square_town(slice(0, 20), slice(12, 30))
    power = np.where(land.label == Cover.URBAN, 10.0, 1.0)
    row = [1.0] * 9 + [11.0] * 3 + [10.0] * 18
    np.testing.assert_array_equal(lean(power, land, 3)[5], row)


def test_forest_is_lower_than_towns():
    assert HEIGHTS[Cover.FOREST] < HEIGHTS[Cover.URBAN]


def test_shadow_is_as_dark_as_the_noise():
    land = square_town(slice(0, 20), slice(10, 16))
    image = observe_sar(
        np.random.default_rng(0), land, None, SensorDifferences(layover=4.0)
    )
    assert image[0, :, 14:16].mean() < image[0, :, 22:].mean() - 8


@pytest.mark.parametrize('sensor', ALIKE)
def test_separability_draws_only_the_pairs_together(sensor):
    table = mixtures() if sensor == 'optical' else column('vv')
    assert draw_together(table, sensor, 1.0) is table
    covers = [kind.cover for kind in COVER_TYPES.values()]
    paired = {cover for group in ALIKE[sensor] for cover in group}
    alike = draw_together(table, sensor, 0.0)
    half = draw_together(table, sensor, 0.5)
    for group in ALIKE[sensor]:
        own = [i for i, cover in enumerate(covers) if cover in group]
        assert np.ptp(alike[own], axis=0).max() < 1e-5
        before = np.ptp(table[own], axis=0)
        np.testing.assert_allclose(
            np.ptp(half[own], axis=0), before / 2, atol=1e-5
        )
    rest = [i for i, cover in enumerate(covers) if cover not in paired]
    np.testing.assert_array_equal(alike[rest], table[rest])


def test_the_other_sensor_tells_a_pair_apart():
    """Far enough: by 1.5 dB, or by 3 % of reflectance in some band."""
    covers = [kind.cover for kind in COVER_TYPES.values()]

    def mean(table: np.ndarray, cover: Cover) -> np.ndarray:
        own = [i for i, c in enumerate(covers) if c == cover]
        shares = [list(COVER_TYPES.values())[i].share for i in own]
        return np.average(table[own], axis=0, weights=shares)

    sar = draw_together(column('vv'), 'sar', 0.0)
    for one, other in ALIKE['optical']:
        assert abs(mean(sar, one) - mean(sar, other)) > 1.5
    spectra = draw_together(mixtures(), 'optical', 0.0) @ component_spectra()
    for one, other in ALIKE['sar']:
        assert np.abs(mean(spectra, one) - mean(spectra, other)).max() > 0.03


def test_pairs_are_confused_in_images_that_lack_separability():
    town = square_town(slice(0, 20), slice(0, 15))
    town.label[:, 15:] = Cover.BARREN
    town.kind[:, 15:] = list(COVER_TYPES).index('sand')

    def contrast(separability: float) -> float:
        image = observe_optical(
            np.random.default_rng(0), town, 'summer', None, separability
        ).astype(float)
        halves = image[3, :, :13].mean(), image[3, :, 17:].mean()
        return abs(halves[1] / halves[0] - 1)

    assert contrast(0.0) < 0.5 * contrast(1.0)


@pytest.mark.parametrize(
    'wrong',
    [{'displacement': -1}, {'layover': -1}, {'separability': 1.5}],
)
def test_impossible_differences(wrong):
    with pytest.raises(ValueError, match='must not be negative'):
        SensorDifferences(**wrong)


def test_elevation_fits_the_land():
    rng = np.random.default_rng(0)
    land = draw_landscape(np.random.default_rng(4), (128, 128))
    assert (land.label == Cover.WATER).any()
    dem = observe_elevation(rng, land)
    assert dem.shape == (1, 128, 128)
    assert dem.dtype == np.float32
    water = land.label == Cover.WATER
    inside = ndimage.binary_erosion(water, iterations=5)
    assert dem[0][inside].std() < 1
    assert dem[0][~water].mean() > dem[0][water].mean() + 1


def test_towns_stand_up_in_the_elevation():
    land = square_town(slice(4, 16), slice(10, 22))
    dem = observe_elevation(np.random.default_rng(0), land)[0]
    outline = dem[9:11, 14:18].mean() - dem[9:11, [4, 5, 26, 27]].mean()
    assert outline > 2
