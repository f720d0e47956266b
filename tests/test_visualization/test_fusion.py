"""Pictures of fusion: weights, positions; and what a tile's view holds."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from config_cases import load
from multimodal_rs.evaluation.displacement import read_field
from multimodal_rs.visualization.fusion import (
    MOVE,
    SAMPLE,
    draw_positions,
    weight_map,
)
from multimodal_rs.visualization.fusion_report import (
    summarize_level,
    view_tile,
)

NAME = 'configs/{}_r18-w16_1xb8-15e_simulated-outlines-128x128.py'


def network(name: str, randomise: bool = False):
    torch.manual_seed(0)
    model = MODELS.build(load(NAME.format(name)).model.to_dict()).eval()
    if randomise:
        for parameter in model.neck.parameters():
            torch.nn.init.normal_(parameter, std=0.05)
    return model


def tile(present=('opt', 'sar'), size=(64, 96)):
    sample = SegDataSample(
        metainfo=dict(
            sample_id='t',
            ori_shape=size,
            img_shape=size,
            present_modalities=present,
        )
    )
    sample.gt_sem_seg = PixelData(data=torch.zeros(1, *size).long())
    inputs = dict(opt=torch.rand(4, *size), sar=torch.rand(2, *size))
    return dict(inputs=inputs, data_samples=sample)


def test_weights_from_black_to_white():
    picture = weight_map(np.array([[0.0, 1.0], [0.5, 0.25]]), (4, 6))
    assert picture.shape == (4, 6, 3)
    assert picture.dtype == np.uint8
    corners = picture[[0, 0, -1, -1], [0, -1, 0, -1], 0]
    assert corners.tolist() == [0, 255, 128, 64]


def test_a_line_leads_from_the_centre_to_where_it_was_found():
    picture = draw_positions(
        np.zeros((20, 30, 3), np.uint8),
        np.array([[10.0, 5.0]]),  # x, y
        np.array([[12.0, 0.0]]),
        np.array([[[3.0, 15.0]]]),
        scale=4,
    )
    assert picture.shape == (80, 120, 3)
    rows, columns = np.nonzero((picture == MOVE).all(axis=-1))
    assert abs(rows - 22).max() <= 2
    assert columns.min() == pytest.approx(42, abs=2)
    assert columns.max() == pytest.approx(90, abs=2)
    rows, columns = np.nonzero((picture == SAMPLE).all(axis=-1))
    assert rows.mean() == pytest.approx(62, abs=1)
    assert columns.mean() == pytest.approx(14, abs=1)


def test_view_of_a_network_at_its_start():
    views = view_tile(network('df2rq/df2rq'), tile())
    assert [view.stride for view in views] == [4, 16]
    for view in views:
        size = (64 // view.stride, 96 // view.stride)
        for m in ('opt', 'sar'):
            assert view.weights[m].shape == size
            np.testing.assert_allclose(view.weights[m], 0.5, atol=1e-6)
            assert not view.moves[m].any()
            assert view.offsets[m].shape == (size[0] * size[1], 2)
        # Regions of 16 pixels on both levels, cells of the stride.
        assert view.centres[0].tolist() == [7.5, 7.5]
        assert view.centres[-1].tolist() == [87.5, 55.5]
        assert view.cells[1].tolist() == [
            1.5 * view.stride - 0.5,
            0.5 * view.stride - 0.5,
        ]


def test_the_displacement_is_that_of_sar_against_the_optical_image():
    views = view_tile(network('df2rq/df2rq', randomise=True), tile())
    view = views[0]
    # A field that is, at the centres, what the network has found.
    moved = view.moves['sar'] - view.moves['opt']
    field = np.zeros((2, 64, 96))
    for (x, y), (dx, dy) in zip(view.centres, moved, strict=True):
        field[:, int(y) : int(y) + 2, int(x) : int(x) + 2] = [[[dy]], [[dx]]]
    np.testing.assert_allclose(read_field(field, view.centres), moved, 1e-5)
    summary = summarize_level([view], [field])
    assert summary['regions']['correlation'] == pytest.approx(1, abs=1e-4)
    assert summary['regions']['slope'] == pytest.approx(1, abs=1e-3)
    assert summary['samples']['places'] == 16 * 24
    opposite = summarize_level([view], [-field])
    assert opposite['regions']['correlation'] == pytest.approx(-1, abs=1e-4)


@pytest.mark.parametrize(
    ('name', 'moves', 'samples'),
    [('df2rq-mean', 0, 0), ('df2rq-df', 2, 0), ('df2rq-sr', 2, 2)],
)
def test_what_the_rungs_of_the_ladder_have(name, moves, samples):
    view = view_tile(network(f'df2rq/{name}'), tile())[1]
    assert len(view.moves) == moves
    assert len(view.offsets) == len(view.samples) == samples
    summary = summarize_level([view], [np.zeros((2, 64, 96))])
    assert ('regions' in summary) == bool(moves)
    assert ('samples' in summary) == bool(samples)
    assert summary['weights']['sar']['deviation'] == pytest.approx(0, abs=1e-6)


def test_without_a_simulated_field_only_weights_are_summarised():
    view = view_tile(network('df2rq/df2rq'), tile())[0]
    assert set(summarize_level([view], [None])) == {'stride', 'weights'}


def test_what_cannot_be_shown():
    with pytest.raises(TypeError, match='GatedFusionNeck'):
        view_tile(network('baselines/deeplabv3plus-gated'), tile())
    with pytest.raises(ValueError, match=r"lacks \['sar'\]"):
        view_tile(network('df2rq/df2rq'), tile(present=('opt',)))
