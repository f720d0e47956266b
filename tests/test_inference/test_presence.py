"""Every pixel is answered by what is valid there."""

from contextlib import closing

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS
from scipy.ndimage import distance_transform_edt

from multimodal_rs.inference.presence import (
    REACH,
    answering,
    context,
    filled,
)
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.windowed import (
    Windows,
    network_modalities,
    predict_rows,
    prepared,
)
from multimodal_rs.utils.windows import Window
from small_network import spread

SIZE = 70, 90


def wedge(data):
    """SAR ends in a slanted line; both have a hole, `opt` lacks a corner."""
    rows, columns = np.indices(SIZE)
    data['sar'][:, columns + rows // 2 > 60] = np.nan
    data['sar'][:, 20:40, 5:25] = np.nan
    data['opt'][:, :20, 60:] = data['opt'][:, 44:65, 5:26] = 0


def predicted(model, rasters, **windows):
    with SceneRasters(rasters, network_modalities(model)) as scene:
        rows = predict_rows(model, scene, 4, Windows(**windows))
        with closing(rows):
            rows = list(rows)
    return (
        np.concatenate([r.ids() for r in rows]),
        np.concatenate([r.probabilities() for r in rows], axis=1),
    )


@torch.no_grad()
def whole(model, images, names):
    """Probabilities of the whole scene for some modalities, (K, H, W)."""
    inputs, metas = prepared(model, [images], [names])
    return model.encode_decode(inputs, metas).softmax(1)[0].numpy()


@pytest.mark.parametrize('heads', [True, False])
@pytest.mark.parametrize('crop', [32, 500])
def test_each_pixel_has_the_answer_of_its_modalities(
    make_config, make_scene, heads, crop
):
    """Also where windows meet an edge: none is spoiled by what is empty."""
    model = spread(MODELS.build(make_config(heads=heads)))
    rasters = make_scene(*SIZE, edit=wedge)
    with SceneRasters(rasters, network_modalities(model)) as scene:
        images = scene.read(Window(0, 0, *SIZE))
    valid = {m: ~np.isnan(x[0]) for m, x in images.items()}
    ids, found = predicted(model, rasters, crop=crop, stride=min(crop, 16))
    both = valid['opt'] & valid['sar']
    expected = whole(model, images, ('opt', 'sar'))
    np.testing.assert_allclose(found[:, both], expected[:, both], atol=1e-5)
    for name, other in (('opt', 'sar'), ('sar', 'opt')):
        far = distance_transform_edt(~valid[other]) > REACH + 1
        alone = valid[name] & far
        assert alone.sum() > 100
        expected = whole(model, images, (name,))
        np.testing.assert_allclose(
            found[:, alone], expected[:, alone], atol=1e-5
        )
        assert (ids[alone] == expected.argmax(0)[alone]).all()
    nothing = ~(valid['opt'] | valid['sar'])
    assert nothing.sum() > 50
    np.testing.assert_array_equal(ids == 255, nothing)


def test_division_of_a_window():
    opt, sar = np.ones((40, 60), bool), np.ones((40, 60), bool)
    sar[:, 30:] = False
    sar[10, 5:9] = False  # a seam
    opt[30:, 50:] = False
    found = answering(dict(opt=opt, sar=sar))
    assert set(found) == {('opt', 'sar'), ('opt',)}
    both, alone = found['opt', 'sar'], found['opt',]
    assert both[:, : 30 + REACH].all() and not both[:, 30 + REACH :].any()
    assert not (both & alone).any()
    np.testing.assert_array_equal(both | alone, opt | sar)


def test_whole_and_absent_modalities():
    ones, none = np.ones((4, 5), bool), np.zeros((4, 5), bool)
    found = answering(dict(opt=ones, sar=none, dem=ones))
    assert list(found) == [('opt', 'dem')] and found['opt', 'dem'].all()
    assert answering(dict(opt=none, sar=none)) == {}


def test_filled_with_the_nearest():
    data = np.arange(2 * 5 * 6, dtype=np.float32).reshape(2, 5, 6)
    mask = np.zeros((5, 6), bool)
    mask[:, 1] = mask[:, 5] = True
    gapped = np.where(mask, data, np.nan)
    found = filled(gapped, mask)
    nearest = data[:, :, [1, 1, 1, 1, 5, 5]]
    np.testing.assert_array_equal(
        found[:, :, [0, 1, 2, 4, 5]], nearest[:, :, [0, 1, 2, 4, 5]]
    )
    assert np.isin(found[:, :, 3], data[:, :, [1, 5]]).all()
    assert np.isnan(gapped).any()  # the scene's own array stays
    for whole_mask in (np.ones_like(mask), np.zeros_like(mask)):
        assert filled(data, whole_mask) is data


def test_nothing_beyond_the_context_decides():
    rng = np.random.default_rng(0)
    for margin, share in ((0, 0.9), (2, 0.97), (5, 0.99), (5, 0.997)):
        far = context(margin)
        masks = {m: rng.random((120, 90)) > share for m in ('opt', 'sar')}
        data = {m: rng.normal(size=(1, 120, 90)) for m in masks}
        whole = {m: filled(data[m], mask) for m, mask in masks.items()}
        for names, where in answering(masks).items():
            pixels = np.argwhere(where)
            for row, column in pixels[:: max(len(pixels) // 20, 1)].tolist():
                top, left = max(row - far, 0), max(column - far, 0)
                near = slice(top, row + far + 1), slice(left, column + far + 1)
                cut = {m: mask[near] for m, mask in masks.items()}
                assert answering(cut)[names][row - top, column - left]
                sees = tuple(
                    slice(max(0, x - margin), x + margin + 1)
                    for x in (row, column)
                )
                for m in names:
                    part = np.full((1, 120, 90), np.nan)
                    part[0][near] = filled(data[m][(..., *near)], cut[m])[0]
                    np.testing.assert_array_equal(
                        part[0][sees], whole[m][0][sees]
                    )
