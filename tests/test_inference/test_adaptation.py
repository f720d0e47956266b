"""A scene of another calibration is normalised as the training was."""

import numpy as np
import pytest
import rasterio
import torch
from mmseg.registry import MODELS
from torch import nn

from multimodal_rs.apis import SceneMapper
from multimodal_rs.apis.finished import is_finished
from multimodal_rs.apis.outputs import SceneOutputs
from multimodal_rs.inference.adaptation import spread_windows
from multimodal_rs.inference.specialists import add_specialists
from multimodal_rs.weights.adapted_norms import measurable_batches
from small_network import CLASSES, PALETTE, single_config, spread


@pytest.fixture
def normalising(make_config):
    """A network whose branches end with batch normalisation."""
    model = spread(MODELS.build(make_config(heads=False)))
    for branch in model.backbone.branches.values():
        branch.conv = nn.Sequential(branch.conv, nn.BatchNorm2d(8))
    model.dataset_meta = dict(classes=CLASSES, palette=PALETTE)
    return model.eval()


def brighter(data):
    data['opt'] = (data['opt'] * 1.3).astype('uint16')
    data['sar'] = data['sar'] + 3


def test_calibration_does_not_matter_any_more(normalising, make_scene):
    usual, other = (
        make_scene(64, 80, name, edit)
        for name, edit in (('usual', None), ('other', brighter))
    )
    mapper = SceneMapper(normalising, 32)
    differs = mapper.predict(usual) != mapper.predict(other)
    adapted = SceneMapper(normalising, 32, adapt=1.0)
    still = adapted.predict(usual) != adapted.predict(other)
    assert differs.mean() > 0.1 and still.mean() < 0.02


def test_the_network_is_as_before_and_the_map_says_so(
    normalising, make_scene, tmp_path
):
    before = {k: v.clone() for k, v in normalising.state_dict().items()}
    scene = make_scene()
    SceneMapper(normalising, 32, adapt=0.4).map(scene, tmp_path / 'map.tif')
    for key, value in normalising.state_dict().items():
        assert torch.equal(value, before[key]), key
    with rasterio.open(tmp_path / 'map.tif') as file:
        assert file.tags()['adapt'] == '0.4'


def test_a_map_of_other_batches_is_not_finished(
    normalising, make_scene, tmp_path
):
    normalising.checkpoint_identity = dict(checkpoint='a.pth')
    scene, files = make_scene(), SceneOutputs(tmp_path / 'map.tif')
    for adapt, expected in ((0.0, True), (0.4, False)):
        mapper = SceneMapper(normalising, 32, adapt=adapt)
        mapper.make(scene, files)
        assert is_finished(mapper, scene, files)
        other = SceneMapper(normalising, 32, batch_size=2, adapt=adapt)
        assert is_finished(other, scene, files) == expected


def test_networks_without_batch_norm_say_so(model, make_scene):
    model.dataset_meta = dict(classes=CLASSES, palette=PALETTE)
    with pytest.raises(ValueError, match='no batch normalisation'):
        SceneMapper(model, 32, adapt=0.4).predict(make_scene())


def test_specialists_without_batch_norm_are_named(
    normalising, make_config, make_scene
):
    sar = MODELS.build(single_config(make_config, 'sar'))
    sar.dataset_meta = normalising.dataset_meta
    add_specialists(normalising, [sar])
    with pytest.raises(ValueError, match='the specialist for sar has no ba'):
        SceneMapper(normalising, 32, adapt=0.4).predict(make_scene())


def test_empty_corners_do_not_count(normalising, make_scene):
    """A scene gets the map that its valid part has alone."""

    def empty(data):
        for image in data.values():
            image[:, :80] = 0 if image.dtype == np.uint16 else np.nan

    def without(data):
        for name, image in data.items():
            data[name] = image[:, 80:]

    mapper = SceneMapper(normalising, 48, adapt=1.0)
    found = mapper.predict(make_scene(128, 60, edit=empty))
    assert (found[:80] == 255).all()
    expected = mapper.predict(make_scene(128, 60, 'part', without))
    np.testing.assert_array_equal(found[80:], expected)


@pytest.mark.parametrize('gap', [1, 3])
def test_gaps_count_as_the_map_fills_them(normalising, make_scene, gap):
    """Also where no window has more than a quarter."""
    rows = np.arange(64)
    valid = (rows % 8 >= gap) & (rows % 8 < 8 - gap)

    def alike(data):
        for name, image in data.items():
            data[name] = image[:, rows // 8 * 8]

    def gaps(data):
        alike(data)
        for image in data.values():
            image[:, ~valid] = 0 if image.dtype == np.uint16 else np.nan

    mapper = SceneMapper(normalising, 32, adapt=1.0)
    found = mapper.predict(make_scene(64, 40, edit=gaps))
    expected = mapper.predict(make_scene(64, 40, 'whole', alike))
    np.testing.assert_array_equal(found[valid], expected[valid])


@pytest.mark.parametrize(
    'size, crop, number', [((100, 100), 32, 16), ((9000, 40), 32, 16)]
)
def test_windows_are_spread_and_inside(size, crop, number):
    windows = spread_windows(size, crop)
    assert len(windows) == number
    assert min(w.top for w in windows) == min(w.left for w in windows) == 0
    assert max(w.bottom for w in windows) == size[0]
    assert max(w.right for w in windows) == size[1]


class Pooled(nn.Module):
    """Adds the mean of the image, normalised, as an ASPP does."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(8)

    def forward(self, x):
        return x + self.norm(x.mean((2, 3), keepdim=True))


@pytest.mark.parametrize('size, batch_size', [((20, 25), 4), ((70, 80), 1)])
def test_a_single_window_that_is_pooled(
    normalising, make_scene, size, batch_size
):
    def cut(data):  # one of the windows of the second scene has no radar
        data['sar'][:, :32, :32] = np.nan

    for branch in normalising.backbone.branches.values():
        branch.conv = nn.Sequential(branch.conv, Pooled())
    mapper = SceneMapper(normalising.eval(), 32, None, batch_size, adapt=0.5)
    assert (mapper.predict(make_scene(*size, edit=cut)) < 4).all()


def test_batches_have_the_same_modalities_and_no_window_alone():
    present = ['both', 'both', 'sar', 'both', 'both', 'both']
    found = list(measurable_batches(present, 4))
    assert found == [[0, 1, 3], [4, 5], [2, 2]]
    assert list(measurable_batches([], 4)) == []
    for size in (1, 2):  # a window alone has no variance to be measured
        assert list(measurable_batches('abababb', size)) == [
            [0, 2, 4],
            [1, 3],
            [5, 6],
        ]
