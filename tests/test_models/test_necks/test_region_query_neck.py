"""Properties of our reconstruction of DF2RQ; there are no authors' numbers."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

from helpers import assert_gradients_reach, random_pyramid
from multimodal_rs.ops.flops import flop_analyzer
from region_query import CHANNELS, NAMES, build

CLASS = dict(queries='class', reconstruction='class', num_classes=5)
KINDS = dict(
    warp=dict(),
    attention=dict(reconstruction='attention'),
    sr=dict(weigh=False),
    df=dict(reconstruction=None),
    mean=dict(reconstruction=None, weigh=False),
    match=dict(match=True, num_classes=5),
    classes=CLASS,
    classes_df=dict(CLASS, reconstruction=None),
    classes_sr=dict(CLASS, weigh=False),
)
SIZES = [((16, 16), 2), ((13, 10), 1), ((7, 9), 2), ((1, 3), 1)]


def pyramids(modalities=NAMES, **kwargs):
    kwargs = dict(size=(16, 12)) | kwargs
    return {m: random_pyramid(CHANNELS, **kwargs) for m in modalities}


def absent(*names, batch=2):
    """Presence of a batch whose first sample lacks modalities."""
    presence = {m: torch.ones(batch, dtype=torch.bool) for m in NAMES}
    for name in names:
        presence[name][0] = False
    return presence


def samples(size=(32, 24), batch=2, classes=5):
    result = []
    for _ in range(batch):
        label = torch.randint(0, classes, (1, *size))
        label[:, :3] = 255
        result.append(SegDataSample(gt_sem_seg=PixelData(data=label)))
    return result


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('size, batch', SIZES)
@torch.no_grad()
def test_weights_sum_to_one_at_every_cell(kind, size, batch):
    neck = build(**KINDS[kind])
    features = pyramids(size=size, batch=batch)
    for i, result in enumerate(neck.explain(features)):
        x = features['opt'][i]
        assert result.fused.shape == x.shape
        assert result.weights.shape == (batch, 3, *x.shape[2:])
        total = result.weights.sum(dim=1)
        torch.testing.assert_close(total, torch.ones_like(total))


@pytest.mark.parametrize('kind', KINDS)
@torch.no_grad()
def test_starts_as_the_plain_mean(kind):
    neck, features = build(moved=False, **KINDS[kind]), pyramids(size=(13, 9))
    neck.init_weights()
    for i, result in enumerate(neck.explain(features)):
        equal = torch.full_like(result.weights, 1 / 3)
        torch.testing.assert_close(result.weights, equal)
        mean = sum(features[m][i] for m in NAMES) / 3
        torch.testing.assert_close(result.fused, mean)


@pytest.mark.parametrize(
    'kind', [k for k, v in KINDS.items() if v.get('weigh', True)]
)
@torch.no_grad()
def test_weights_differ_once_it_has_moved(kind):
    for result in build(**KINDS[kind]).explain(pyramids()):
        assert result.weights.std(dim=(2, 3)).min() > 1e-5  # over the map
        assert (result.weights - 1 / 3).abs().max() > 1e-2


@pytest.mark.parametrize('kind', KINDS)
@torch.no_grad()
def test_modalities_are_treated_alike(kind):
    """In another order, with their parameters, they give the same."""
    neck, features = build(**KINDS[kind]), pyramids()
    other = build(('dem', 'opt', 'sar'), moved=False, **KINDS[kind])
    other.load_state_dict(neck.state_dict())
    for y, z in zip(neck(features), other(features), strict=True):
        torch.testing.assert_close(y, z, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('kind', ['warp', 'attention', 'sr', 'match'])
@torch.no_grad()
def test_reconstruction_does_not_see_other_modalities(kind):
    """Only the queries look at several; with the same queries, nothing."""
    neck = build(**KINDS[kind])
    level = neck.levels[0]
    maps = {m: x[0] for m, x in pyramids().items()}
    tokens = {
        m: layer(maps[m].movedim(1, -1)) for m, layer in level.tokens.items()
    }
    regions = level.queries(tokens)
    matches = None if neck.matching is None else neck.matching(maps)
    moves = {m: p(regions, m, matches) for m, p in level.positions.items()}
    before = level.reconstruct(maps, tokens, regions, moves)
    changed = dict(maps, sar=torch.randn_like(maps['sar']))
    for part in (tokens, regions.descriptors, moves):
        part['sar'] = torch.randn_like(part['sar'])
    after = level.reconstruct(changed, tokens, regions, moves)
    for m in NAMES:
        same = torch.equal(before[m].reconstructed, after[m].reconstructed)
        assert same == (m != 'sar')
        assert not torch.equal(before[m].reconstructed, maps[m])


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('modalities', [NAMES[:2], NAMES, (*NAMES, 'hsi')])
def test_gradients_reach_every_parameter_and_modality(kind, modalities):
    neck, features = build(modalities, **KINDS[kind]), pyramids(modalities)
    fused, losses = neck.fuse_with_losses(features, samples())
    assert_gradients_reach([fused, losses], neck, features)


@pytest.mark.parametrize('kind', KINDS)
def test_gradients_in_the_first_step_are_there(kind):
    """Zeros at the start hold some back, but nothing for good."""
    neck, features = build(moved=False, **KINDS[kind]), pyramids()
    optimizer = torch.optim.SGD(neck.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        fused, losses = neck.fuse_with_losses(features, samples())
        torch.manual_seed(0)
        goals = [torch.randn_like(y) for y in fused]
        total = sum(
            (y - g).square().mean() for y, g in zip(fused, goals, strict=True)
        )
        (total + sum(losses.values())).backward()
        optimizer.step()
    for name, parameter in neck.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize('kind', KINDS)
@torch.no_grad()
def test_a_missing_modality_has_the_weight_zero(kind):
    neck, features = build(**KINDS[kind]), pyramids()
    results = neck.explain(features, absent('sar'))
    noise = [x.clone() for x in features['sar']]
    for x in noise:
        x[0] = 100 * torch.randn_like(x[0])
    again = neck.explain(dict(features, sar=noise), absent('sar'))
    everything = neck.explain(features)
    for result, other, full in zip(results, again, everything, strict=True):
        assert (result.weights[0, 1] == 0).all()
        total = result.weights.sum(dim=1)
        torch.testing.assert_close(total, torch.ones_like(total))
        # What is missing has no say at all, not even in the queries.
        torch.testing.assert_close(result.fused, other.fused)
        # The sample that has everything is not touched.
        torch.testing.assert_close(result.fused[1], full.fused[1])
        assert not torch.allclose(result.fused[0], full.fused[0], atol=1e-3)


@pytest.mark.parametrize('kind', KINDS)
@torch.no_grad()
def test_without_a_modality_as_a_neck_that_never_knew_it(kind):
    neck, features = build(**KINDS[kind]), pyramids()
    smaller = build(('opt', 'dem'), moved=False, **KINDS[kind])
    kept = {k: v for k, v in neck.state_dict().items() if '.sar.' not in k}
    smaller.load_state_dict(kept)
    presence = dict(absent(), sar=torch.zeros(2, dtype=torch.bool))
    for y, z in zip(neck(features, presence), smaller(features), strict=True):
        torch.testing.assert_close(y, z, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('kind', KINDS)
@torch.no_grad()
def test_what_is_missing_may_be_no_number(kind):
    neck, features = build(**KINDS[kind]), pyramids()
    expected = neck(features, absent('sar'))
    for x in features['sar']:
        x[0] = torch.nan
    for y, z in zip(neck(features, absent('sar')), expected, strict=True):
        torch.testing.assert_close(y, z, rtol=0, atol=0)
    # A sample that has nothing; the other one is as it was.
    for y, z in zip(neck(features, absent(*NAMES)), expected, strict=True):
        assert y.isfinite().all()
        torch.testing.assert_close(y[1], z[1])


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('kind', KINDS)
@torch.no_grad()
def test_half_precision(kind, dtype):
    neck, features = build(**KINDS[kind]), pyramids()
    expected = neck.explain(features, absent('sar'))
    narrow = {m: [x.to(dtype) for x in p] for m, p in features.items()}
    results = neck.to(dtype).explain(narrow, absent('sar'))
    tolerance = 50 * torch.finfo(dtype).eps
    for result, exact in zip(results, expected, strict=True):
        assert result.fused.dtype == dtype
        error = (result.fused.float() - exact.fused).abs().max()
        assert error < tolerance * exact.fused.abs().max()


@torch.no_grad()
def test_class_queries_of_a_large_map_in_half_precision():
    """The sum over its cells is beyond float16, the mean is not."""
    neck = build(in_channels=CHANNELS[:1], region_sizes=(4,), **CLASS)
    (level,) = neck.levels
    for layers in level.tokens.values():
        layers[-1].bias.fill_(100.0)
    maps = {m: torch.randn(1, CHANNELS[0], 64, 64) for m in NAMES}
    expected = level(maps).fused
    fused = level.half()({m: x.half() for m, x in maps.items()}).fused
    error = (fused.float() - expected).abs().max()
    assert error < 0.05 * expected.abs().max()


class Level(nn.Module):
    """A neck as what the counter of operations wants to call."""

    def __init__(self, neck):
        super().__init__()
        self.neck = neck

    def forward(self, inputs, mode):
        return self.neck({m: (x,) for m, x in inputs.items()})


def operations(kind, side):
    neck = build(
        in_channels=CHANNELS[:1], region_sizes=(4,), **KINDS[kind]
    ).eval()
    inputs = {m: torch.randn(1, CHANNELS[0], side, side) for m in NAMES}
    return flop_analyzer(Level(neck), inputs).total()


@pytest.mark.parametrize('kind', [k for k in KINDS if k != 'attention'])
def test_cost_is_linear_in_the_area(kind):
    """Class queries have a part that no area changes."""
    small, middle, large = (operations(kind, side) for side in (32, 64, 128))
    assert large - middle == pytest.approx(4 * (middle - small), rel=1e-3)
    if 'classes' not in kind:
        assert large == pytest.approx(16 * small, rel=1e-3)


def test_cost_of_attention_to_all_regions_is_not_linear():
    """Which is why it is not the default."""
    small, middle, large = (
        operations('attention', side) for side in (32, 64, 128)
    )
    assert large - middle > 8 * (middle - small)


@pytest.mark.parametrize('kind', KINDS)
def test_no_compiled_operations(kind):
    """All that runs is torch's own."""
    neck = build(**KINDS[kind]).eval()
    maps = tuple(x[0].detach() for x in pyramids().values())

    class Traced(nn.Module):
        def __init__(self):
            super().__init__()
            self.neck = neck

        def forward(self, *maps):
            maps = dict(zip(NAMES, maps, strict=True))
            matching, level = self.neck.matching, self.neck.levels[0]
            if matching is None:
                return level(maps).fused
            return level(maps, None, matching(maps)).fused

    graph = torch.jit.trace(Traced(), maps, check_trace=False).inlined_graph
    kinds = {node.kind().split('::')[0] for node in graph.nodes()}
    assert kinds <= {'aten', 'prim'}


@torch.no_grad()
def test_the_warp_moves_what_it_is_told_to():
    neck = build(('opt',), moved=False, weigh=False)
    warp = neck.levels[0].reconstructions['opt']
    warp.offsets.bias.data = torch.tensor([2.0, -1.0] * 4)  # x, y
    warp.gates.weight.zero_()
    warp.gates.bias.data[-1] = -100.0  # nothing stays
    features = pyramids(('opt',))
    result = neck.explain(features)[0]
    moved = result.reconstructions['opt'].reconstructed
    x = features['opt'][0]
    expected = x[:, :, :-1, 2:]  # X~(u) = X(u + (2, -1))
    torch.testing.assert_close(moved[:, :, 1:, :-2], expected)
    offsets = result.reconstructions['opt'].offsets
    torch.testing.assert_close(
        offsets, torch.tensor([2.0, -1.0]).expand_as(offsets)
    )


def test_class_queries_have_a_loss_per_modality_and_level():
    """A missing modality is asked for nothing."""
    neck, features, truth = build(**CLASS), pyramids(), samples()
    noise = [x.clone() for x in features['sar']]
    for x in noise:
        x[0] = torch.randn_like(x[0])
    changed = dict(features, sar=noise)
    _, losses = neck.fuse_with_losses(features, truth, absent('sar'))
    assert set(losses) == {
        f'level{i}.{m}.loss_class' for i in (0, 1) for m in NAMES
    }
    _, again = neck.fuse_with_losses(changed, truth, absent('sar'))
    _, everything = neck.fuse_with_losses(changed, truth)
    for key, loss in losses.items():
        torch.testing.assert_close(loss, again[key])
        assert torch.equal(loss, everything[key]) == ('.sar.' not in key)


def test_misuse_is_named():
    with pytest.raises(ValueError, match="match goes with queries='grid'"):
        build(**CLASS, match=True)
    with pytest.raises(ValueError, match="unknown queries 'pixel'"):
        build(queries='pixel')
    with pytest.raises(ValueError, match=r"in \['warp', 'attention', None\]"):
        build(reconstruction='class')
    with pytest.raises(ValueError, match='need num_classes'):
        build(queries='class', reconstruction='class')
    with pytest.raises(ValueError, match='one entry per level'):
        build(region_sizes=(4,))
    with pytest.raises(KeyError, match=r"missing \['dem'\]"):
        build()(pyramids(NAMES[:2]))
