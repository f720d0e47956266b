"""Networks that know their margin: the map of the whole scene, once."""

from contextlib import closing

import numpy as np
import pytest
import rasterio
import torch

from multimodal_rs.apis import SceneMapper
from multimodal_rs.inference.pieces import Pieces, piece_folder
from multimodal_rs.inference.presence import answering, filled
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.scene import SceneFiles, predict_scene
from multimodal_rs.inference.together import Together
from multimodal_rs.inference.windowed import (
    Windows,
    network_modalities,
    predict_rows,
    prepared,
)
from multimodal_rs.utils.windows import Window
from small_network import CLASSES, PALETTE
from small_window_network import Counter, dense_network, window_network

NETWORKS = dict(window=window_network, dense=dense_network)
SIZES = [(1, 1), (5, 40), (33, 20), (40, 52)]
# crop and stride, None: as usual
DIVISIONS = [(13, None), (17, 5), (24, None), (32, 11), (400, 390)]


def gaps(data):
    """SAR ends in a slanted line, both have seams and holes."""
    _, height, width = data['sar'].shape
    rows, columns = np.indices((height, width))
    data['sar'][:, columns + rows // 2 > 2 * width // 3] = np.nan
    data['sar'][:, 12:14, 3:] = np.nan
    data['opt'][:, :18, width // 2 : width // 2 + 12] = 0
    data['opt'][:, 30:, : width // 3] = 0
    data['opt'][:, rows + columns == 40] = 0


def predicted(model, rasters, windows, part=None):
    """Ids (H, W), and probabilities (K, H, W), of a part of the rows."""
    with SceneRasters(rasters, network_modalities(model)) as scene:
        found = predict_rows(model, scene, len(CLASSES), windows, part=part)
        with closing(found):
            rows = list(found)
    assert rows[0].top == (part[0] if part else 0)
    return (
        np.concatenate([r.ids() for r in rows]),
        np.concatenate([r.probabilities() for r in rows], axis=1),
    )


def windows_of(model, crop, stride=None):
    model.dataset_meta = dict(classes=CLASSES, palette=PALETTE)
    return SceneMapper(model, crop, stride, batch_size=3).windows


@torch.no_grad()
def whole(model, rasters):
    """Ids and probabilities, from the whole scene in one call per subset."""
    with SceneRasters(rasters, network_modalities(model)) as scene:
        images = scene.read(Window(0, 0, *scene.size))
    masks = {m: ~np.isnan(x[0]) for m, x in images.items()}
    images = {m: filled(x, masks[m]) for m, x in images.items()}
    seen = np.any(list(masks.values()), axis=0)
    chances = np.zeros((len(CLASSES), *seen.shape), np.float32)
    for names, where in answering(masks).items():
        inputs, metas = prepared(model, [images], [names])
        answer = model.encode_decode(inputs, metas).softmax(1)[0].numpy()
        chances[:, where] = answer[:, where]
    return np.where(seen, chances.argmax(0), 255), chances


@pytest.mark.parametrize('network', NETWORKS)
@pytest.mark.parametrize('edit', [None, gaps])
@pytest.mark.parametrize('size', SIZES)
def test_any_windows_give_the_map_of_the_whole_scene(
    make_scene, network, edit, size
):
    model = NETWORKS[network]()
    counter = Counter(model)
    rasters = make_scene(*size, edit=edit)
    expected, expected_chances = whole(model, rasters)
    if size == SIZES[-1]:
        assert len(np.unique(expected)) >= 3
    counter.taken()
    for crop, stride in DIVISIONS:
        windows = windows_of(model, crop, stride)
        ids, chances = predicted(model, rasters, windows)
        np.testing.assert_array_equal(ids, expected)
        seen = expected != 255
        np.testing.assert_allclose(
            chances[:, seen], expected_chances[:, seen], rtol=0, atol=1e-5
        )
        if network == 'window':  # each pixel once, and no other
            assert counter.taken() == seen.sum()


@pytest.mark.parametrize('crop', [14, 24, 256])
def test_parts_are_rows_of_the_whole_bit_for_bit(make_scene, crop):
    model = window_network(batch=100)
    rasters, windows = make_scene(50, 40, edit=gaps), windows_of(model, crop)
    expected = predicted(model, rasters, windows)
    for count in (2, 7):
        parts = [
            predicted(model, rasters, windows, Together(i, count).rows(50))
            for i in range(count)
        ]
        for found, once in zip(
            zip(*parts, strict=True), expected, strict=True
        ):
            np.testing.assert_array_equal(
                np.concatenate(found, axis=once.ndim - 2), once
            )


def test_a_run_that_was_ended_goes_on_bit_for_bit(
    make_scene, tmp_path, monkeypatch
):
    model, rasters = window_network(), make_scene(400, 24, edit=gaps)
    model.checkpoint_identity = dict(checkpoint='a.pth', checkpoint_sha256='1')
    counter, windows = Counter(model), windows_of(model, 64)

    def run(folder, resume=False):
        files = SceneFiles(folder / 'map.tif', folder / 'percent.tif')
        scene = model, rasters, files, CLASSES, PALETTE, windows, False
        predict_scene(*scene, resume=resume)
        found = []
        for path in files.paths():
            with rasterio.open(path) as file:
                found.append(file.read())
        return found

    expected = run(tmp_path / 'whole')
    every = counter.taken()

    def end(*arguments):
        if counter.count > 0.8 * every:
            raise KeyboardInterrupt
        return type(model).encode_decode(model, *arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(model, 'encode_decode', end)
        run(tmp_path / 'ended')
    pieces = piece_folder(tmp_path / 'ended' / 'map.tif')
    assert Pieces(pieces, (400, 24), 5).spans() == [(0, 270)]
    counter.taken()
    for got, once in zip(run(tmp_path / 'ended', True), expected, strict=True):
        np.testing.assert_array_equal(got, once)
    # from the first window of which a row is missing
    assert counter.taken() == (expected[0][0, 221:] != 255).sum()


def test_windows_that_do_not_show_the_margin_are_refused(make_scene):
    model = window_network()
    assert windows_of(model, 11).stride == 1
    assert windows_of(model, None).stride == 246
    with pytest.raises(ValueError) as error:
        windows_of(model, 10)
    assert str(error.value) == (
        'crop must be larger than 10, got 10: the answers of this network '
        'depend on 5 pixels around each, which no pixel of such a window has: '
        'take a larger crop, or leave it out'
    )
    with pytest.raises(ValueError) as error:
        windows_of(model, 64, 55)
    assert str(error.value) == (
        'stride must be at most 54 with crop 64, got 55: the answers of this '
        'network depend on 5 pixels around each, which pixels between such '
        'windows would lack: take a smaller stride, or leave it out'
    )
    with pytest.raises(ValueError, match='got stride 0 with crop 64'):
        windows_of(model, 64, 0)
    # also of who has no SceneMapper
    with pytest.raises(ValueError, match='at most 54 with crop 64, got 64'):
        predicted(model, make_scene(), Windows(64, 64))
