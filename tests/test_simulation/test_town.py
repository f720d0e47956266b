"""The simulated town: what sensors can and cannot tell apart in it."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from scipy.io import loadmat

from multimodal_rs.data_prep import simulate_hs
from multimodal_rs.simulation.hyperspectral import (
    GSD,
    LOOKS,
    SUN_ELEVATION,
    cast_shadow,
    cloud_shadow,
    observe_covariance,
)
from multimodal_rs.simulation.reflectance import (
    MATERIALS,
    daylight,
    spectra,
    wavelengths,
)
from multimodal_rs.simulation.sparse_labels import draw_labels
from multimodal_rs.simulation.town import BLOCK, Town, Use, draw_town

SHAPE = (3 * BLOCK, 6 * BLOCK)


@pytest.fixture(scope='module')
def town() -> Town:
    return draw_town(np.random.default_rng(0), SHAPE)


def test_curves_have_the_features_of_their_materials() -> None:
    where = wavelengths(144)
    assert where[0] > 364 and where[-1] < 1046

    def at(name: str, wavelength: float) -> float:
        return float(np.interp(wavelength, where, spectra([name], 144)[0]))

    for leaf in ('lawn', 'foliage'):
        assert at(leaf, 780) > 5 * at(leaf, 670)  # the red edge
        assert at(leaf, 550) > 1.5 * at(leaf, 670)  # green
        assert at(leaf, 970) < at(leaf, 900)  # water in the leaf
    assert at('turf', 550) > 1.5 * at('turf', 670)  # green, but
    assert at('turf', 740) < 0.5 * at('lawn', 740)  # no red edge
    assert at('water', 900) < 0.03 < at('water', 500)
    assert at('bare soil', 900) > at('bare soil', 600) > at('bare soil', 450)
    assert at('rubber track', 650) > 3 * at('rubber track', 550)
    curves = spectra(list(MATERIALS), 48)
    assert curves.min() > 0 and curves.max() < 1


@pytest.mark.parametrize(
    ('low', 'high'),
    [('lawn', 'foliage'), ('asphalt', 'shingle'), ('concrete', 'flat roof')],
)
def test_pairs_that_only_height_separates(low: str, high: str) -> None:
    one, other = spectra([low, high], 48)
    assert np.abs(one - other).max() < 0.03
    direct, diffuse = daylight(48)
    np.testing.assert_allclose(direct + diffuse, 1, rtol=1e-6)
    assert diffuse[0] > 2 * diffuse[-1]  # the sky is blue


def test_town_has_all_classes_in_both_parts(town: Town) -> None:
    for part in (town.training, ~town.training):
        assert {*np.unique(town.use[part])} == {int(use) for use in Use}
    tall = (Use.TREES, Use.RESIDENTIAL, Use.COMMERCIAL)
    for use in Use:
        height = town.height[town.use == use]
        assert (height.mean() > 1.5) == (use in tall), use
    again = draw_town(np.random.default_rng(0), SHAPE)
    assert (again.use == town.use).all()
    other = draw_town(np.random.default_rng(1), SHAPE)
    assert (other.use != town.use).any()
    with pytest.raises(ValueError, match='at least 5'):
        draw_town(np.random.default_rng(0), (2 * BLOCK, 4 * BLOCK))


def test_labels_are_true_few_and_apart(town: Town) -> None:
    train, test = draw_labels(np.random.default_rng(0), town, 30, 50)
    for raster, part, count in (
        (train, town.training, 30),
        (test, ~town.training, 50),
    ):
        labelled = raster > 0
        assert (raster[labelled] == town.use[labelled]).all()
        assert not labelled[~part].any()
        assert np.bincount(raster[labelled]).tolist() == [0, *[count] * 15]


def test_shadows_fall_away_from_the_sun(town: Town) -> None:
    height = np.zeros((30, 30), np.float32)
    height[12:15, 12:15] = 10
    rows, columns = np.nonzero(cast_shadow(height))
    # The sun stands south-south-east: shadows lie to the north and west.
    assert rows.mean() < 12 and columns.mean() < 12.5
    length = 10 / np.tan(SUN_ELEVATION) / GSD
    assert 12 - rows.min() <= length < 12 - rows.min() + 1.5
    cloud = cloud_shadow(np.random.default_rng(0), town)
    assert cloud[town.training].mean() < 0.01 < cloud.mean()


def test_speckle_is_that_of_some_looks(town: Town) -> None:
    image = observe_covariance(np.random.default_rng(0), town)
    assert image.shape == (*SHAPE, 4)
    vv, vh, real, imaginary = np.moveaxis(image, -1, 0)
    assert (real**2 + imaginary**2 <= vv * vh * (1 + 1e-4)).all()
    lawn = town.lot == np.bincount(town.lot[town.use == Use.SOIL]).argmax()
    spread = vv[lawn].var() / vv[lawn].mean() ** 2
    assert 0.6 / LOOKS < spread < 1.6 / LOOKS
    roofs = 10 * np.log10(vv[town.use == Use.COMMERCIAL].mean())
    streets = 10 * np.log10(vv[town.use == Use.WATER].mean())
    assert roofs > streets + 10


def test_command_writes_what_the_reader_of_houston_reads(
    tmp_path: Path,
) -> None:
    words = [str(tmp_path), '--size', '240', '120', '--bands', '48', '--sar']
    words += ['--train', '20', '--test', '30']
    assert simulate_hs.main(words) == 0
    hsi = loadmat(tmp_path / 'HSI.mat')['HSI']
    assert hsi.shape == (120, 240, 48) and hsi.dtype == np.uint16
    with rasterio.open(tmp_path / 'scene/hsi/town.tif') as file:
        assert (file.read() == hsi.transpose(2, 0, 1)).all()
        assert file.descriptions[0] == 'b1'
    labels = [
        loadmat(tmp_path / f'{n}.mat')[n] for n in ('TRLabel', 'TSLabel')
    ]
    assert [np.count_nonzero(x) for x in labels] == [300, 450]
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*.*')}
    assert simulate_hs.main(words) == 0
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*.*')} == before
    for other in ('--seed', '--bands'):
        with pytest.raises(ValueError, match='other data: expected .* got'):
            simulate_hs.main([*words, other, '50'])
    # SAR may come later, or have come before.
    words.remove('--sar')
    assert simulate_hs.main([*words, '--config', 'simulated_hs_pca.py']) == 0
