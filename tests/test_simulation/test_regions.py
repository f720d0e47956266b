"""Regions: home is what it was, others differ in what they say."""

import numpy as np
import pytest

from multimodal_rs.simulation.archive import REGION, Archive
from multimodal_rs.simulation.regions import HOME, Region, draw_region
from multimodal_rs.simulation.signatures import Cover
from multimodal_rs.simulation.simulator import simulate

SHAPE = (64, 64)
CLEAR = dict(cloud_cover=0.0, wedge=0.0)


def scene(region=HOME, index=0):
    return simulate(0, index, SHAPE, region=region, **CLEAR)


def test_home_is_region_0_and_others_are_always_the_same():
    assert draw_region(0) is HOME
    assert draw_region(3) == draw_region(3) != draw_region(4)


def test_calibration_of_sar_is_an_offset():
    usual, other = scene(), scene(Region(offset=(1.5, -0.5)))
    # The floor of noise does not move with it.
    bright = usual.s1 > -20
    for band, offset in enumerate((1.5, -0.5)):
        found = (other.s1 - usual.s1)[band][bright[band]]
        assert np.median(found) == pytest.approx(offset, abs=0.05)
    np.testing.assert_array_equal(usual.s2, other.s2)
    np.testing.assert_array_equal(usual.label, other.label)


def test_fewer_looks_are_rougher():
    rough, smooth = scene(Region(looks=1)), scene(Region(looks=16))
    woods = rough.label[0] == Cover.FOREST
    assert woods.sum() > 100
    assert rough.s1[0][woods].std() > smooth.s1[0][woods].std() + 1


def test_gains_and_sun_change_the_optical_image_alone():
    usual = scene()
    gains = (1.0,) * 3 + (1.1,) + (1.0,) * 9
    other = scene(Region(gains=gains))
    ratio = other.s2.astype(float) / usual.s2
    assert np.median(ratio[3]) == pytest.approx(1.1, abs=0.002)
    assert np.median(ratio[2]) == 1
    dark = scene(Region(sun=0.7))
    assert 0.7 < np.median(dark.s2[7] / usual.s2[7]) < 0.8
    np.testing.assert_array_equal(usual.s1, dark.s1)


def test_dry_leaves_are_less_green():
    def greenness(sample):
        red, near = (sample.s2[i].astype(float) for i in (3, 7))
        return np.median((near - red) / (near + red))

    assert greenness(scene(Region(greenness=0.6))) < greenness(scene()) - 0.03


def test_shares_of_classes_follow_the_region():
    def share(region, cover):
        labels = [scene(region, i).label for i in range(6)]
        return np.mean([label == cover for label in labels])

    assert share(Region(towns=9), Cover.URBAN) > share(HOME, Cover.URBAN)
    assert share(Region(ground=0.7), Cover.WATER) > share(HOME, Cover.WATER)
    woods = Region(wild=(2.0, 0.0, 0.0, -1.0))
    assert share(woods, Cover.FOREST) > share(HOME, Cover.FOREST)


def test_patches_of_regions_have_names_of_their_own(tmp_path):
    archive = Archive(tmp_path, 'city', 32, 0)
    numbers = archive.abroad(2, 3)
    assert numbers == [REGION + i for i in range(3)] + [
        2 * REGION + i for i in range(3)
    ]
    assert archive.tile_id(numbers[4]).endswith('_AbroadB_p1')
    archive.write_patch(numbers[0])
    names = [p.name for p in tmp_path.rglob('*.tif')]
    assert len(names) == 3 and all('AbroadA_p0' in n for n in names)


def test_what_has_no_name_is_refused(tmp_path):
    with pytest.raises(ValueError, match='only the layout city'):
        Archive(tmp_path, 'contest', 32, 0).abroad(1, 3)
    with pytest.raises(ValueError, match='up to 26 regions'):
        Archive(tmp_path, 'city', 32, 0).abroad(27, 3)
