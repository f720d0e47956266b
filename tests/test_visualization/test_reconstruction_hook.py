"""Pictures of masked pretraining."""

import numpy as np
import pytest
from mmengine.structures import PixelData
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample
from torch import from_numpy

from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.visualization.composites import hatch
from multimodal_rs.visualization.reconstruction_hook import draw

MODALITIES = build_modalities(
    dict(
        opt=dict(
            bands=[0, 1, 2],
            mean=[10.0, 20.0, 30.0],
            std=[2.0, 4.0, 8.0],
            display=dict(range=[0.0, 60.0]),
        ),
        sar=dict(bands=[0]),
    )
)
SIZE = 24


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    target = rng.random((3, SIZE, SIZE), np.float32)
    result = np.full_like(target, -1.0)
    valid = np.ones((1, SIZE, SIZE), bool)
    valid[:, :4] = False
    counted = valid.copy()
    counted[..., 12:] = False
    return target, result, counted, valid


def test_only_what_was_hidden_comes_from_the_network(arrays):
    pictures = draw(*arrays, MODALITIES['opt'])
    image, visible, filled = (p.pixels for p in pictures)
    *_, counted, valid = arrays
    assert [p.title for p in pictures] == [
        'opt',
        'opt, visible',
        'opt, reconstructed',
    ]
    seen = ~counted[0] & valid[0]
    assert (filled[seen] == image[seen]).all()
    assert (visible[seen] == image[seen]).all()
    # -1 in normalised units is mean - std: 8, 16 and 22 of 60.
    assert (filled[counted[0]] == [34, 68, 94]).all()


def test_hidden_and_invalid_are_hatched(arrays):
    image, visible, _ = (p.pixels for p in draw(*arrays, MODALITIES['opt']))
    assert (image[:4] == hatch(SIZE, 3 * SIZE)[:4, :SIZE]).all()
    expected = hatch(SIZE, 3 * SIZE)[4:, SIZE : SIZE + 12]
    assert (visible[4:, :12] == expected).all()


def test_percentiles_are_shared(arrays):
    target, result, counted, valid = (x[:1] for x in arrays)
    result = np.full_like(target, 1e3)  # stretches all three
    image, *_ = draw(target, result, counted, valid, MODALITIES['sar'])
    assert image.pixels[4:].max() < 5


def sample(arrays, absent=False):
    target, result, counted, valid = map(from_numpy, arrays)
    fields = dict(
        target=dict(opt=target, sar=target[:1]),
        reconstruction=dict(opt=result, sar=result[:1]),
        counted=dict(opt=counted, sar=counted & (not absent)),
        valid=dict(opt=valid, sar=valid & (not absent)),
    )
    return SegDataSample(
        metainfo=dict(sample_id='area/tile'),
        **{k: PixelData(**v) for k, v in fields.items()},
    )


@pytest.mark.parametrize('absent', [False, True])
def test_a_sheet_has_three_columns_per_modality(arrays, absent):
    from types import SimpleNamespace

    hook = HOOKS.build(
        dict(type='ReconstructionVisualizationHook', draw=True, cell=SIZE)
    )
    dataset = SimpleNamespace(modalities=MODALITIES)
    row = hook._row(dataset, {}, [sample(arrays, absent)], 0)
    assert row.title == 'area/tile' and len(row.pictures) == 6
    assert ('sar' in row.note) != absent
    assert [p.pixels is None for p in row.pictures[3:]] == [absent] * 3
    sheet = hook._sheet({}, [row])  # no classes: there may be none
    assert sheet.shape[1] > 6 * SIZE and sheet.dtype == np.uint8


def test_the_worst_tiles_are_those_with_the_largest_error(arrays):
    hook = HOOKS.build(dict(type='ReconstructionVisualizationHook'))
    target, result, counted, valid = arrays
    error = np.square(result - target)[:, counted[0]]
    both = np.concatenate([error.ravel(), error[0]])  # opt, and sar
    assert hook._error(sample(arrays)) == pytest.approx(both.mean())
    alone = hook._error(sample(arrays, absent=True))
    assert alone == pytest.approx(error.mean())
    nothing = target, result, np.zeros_like(counted), valid
    assert hook._error(sample(nothing)) is None
