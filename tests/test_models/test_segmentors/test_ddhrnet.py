"""DDHRNet: HRNets side by side, fused between their stages."""

import pytest
import torch
from mmseg.models.backbones import HRNet
from mmseg.registry import MODELS

from helpers import assert_gradients_reach
from model_bases import build, count_parameters, fused, images, logits
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.models.backbones.aligned_hrnet import AlignedHRNet
from multimodal_rs.models.backbones.ddhrnet import DDHRNet
from multimodal_rs.models.declaration import with_bands
from multimodal_rs.models.layers.multimodal_excitation import (
    MultimodalExcitation,
)

TINY = dict(type='AlignedHRNet', width=4, modules=(1, 1, 1), blocks=1)


def tiny(bands):
    return DDHRNet(tuple(bands), bands, TINY)


@pytest.mark.parametrize('width, millions', [(64, 236.9), (18, 19.6)])
def test_parameters(width, millions):
    changes = dict(
        backbone=dict(stream=dict(width=width)),
        decode_head=dict(in_channels=[width * 2**i for i in range(4)]),
    )
    number = count_parameters(
        'ddhrnet_hr64', dict(opt=3, sar=3), num_classes=5, changes=changes
    )
    assert number == pytest.approx(millions * 1e6, rel=0.003)


def test_parameters_of_the_parts():
    def million(module):
        return sum(p.numel() for p in module.parameters()) / 1e6

    assert million(AlignedHRNet(64)) == pytest.approx(115.7, abs=0.1)
    fusion = [
        MultimodalExcitation(64 * 2**level, 2)
        for stage in (2, 3, 4)
        for level in range(stage)
    ]
    assert sum(map(million, fusion)) == pytest.approx(4.6, abs=0.06)
    assert fusion[0].excite[0].out_features == 2 * 64


def test_streams_have_the_names_of_mmseg():
    ours = AlignedHRNet(18)
    theirs = HRNet(ours.extra).state_dict()
    assert {k: v.shape for k, v in ours.state_dict().items()} == {
        k: v.shape for k, v in theirs.items()
    }


@torch.no_grad()
def test_a_stream_differs_from_mmseg_in_how_it_enlarges_only():
    """Maps of one value are the same however they are enlarged."""
    ours = AlignedHRNet(4, modules=(1, 1, 1), blocks=1).eval()
    ours.init_weights()
    theirs = HRNet(ours.extra)
    theirs.eval()
    theirs.load_state_dict(ours.state_dict())
    # Without a border constant images stay constant.
    for network in (ours, theirs):
        for parameter in network.parameters():
            if parameter.shape[2:] == (3, 3):
                parameter[..., :1, :] = parameter[..., 2:, :] = 0
                parameter[..., :1] = parameter[..., 2:] = 0
    constant = torch.rand(1, 3, 1, 1).expand(1, 3, 64, 64)
    for x, y in zip(ours(constant), theirs(constant), strict=True):
        torch.testing.assert_close(x, y)
    image = torch.randn(1, 3, 64, 64)
    assert (ours(image)[0] - theirs(image)[0]).abs().amax() > 1e-4


@torch.no_grad()
def test_enlarging_keeps_the_corners():
    network = AlignedHRNet(4, modules=(1, 1, 1), blocks=1).eval()
    (module,) = network.stage2
    maps = [torch.zeros(1, 4, 8, 6), torch.randn(1, 8, 4, 3)]
    brought = module._bring(maps, 1, 0)
    coarse = module.fuse_layers[0][1][:2](maps[1])
    corners = (..., slice(None, None, 7), slice(None, None, 5))
    expected = coarse[..., ::3, ::2]
    torch.testing.assert_close(brought[corners], expected)


@pytest.mark.parametrize('size, batch', [((64, 32), 2), ((45, 33), 1)])
@torch.no_grad()
def test_shapes(size, batch):
    model, inputs = build('ddhrnet_hr18s').eval(), images(size, batch)
    pyramids = model.backbone(inputs)
    assert list(pyramids) == ['opt']
    expected = [
        (batch, 18 * 2**i, -(-size[0] // s), -(-size[1] // s))
        for i, s in enumerate((4, 8, 16, 32))
    ]
    assert [tuple(x.shape) for x in pyramids['opt']] == expected
    answer = logits(model, inputs)
    assert answer.shape == (batch, 8, *size)
    assert torch.equal(answer, logits(model, inputs))


@pytest.mark.parametrize('third', [{}, dict(dem=1)])
def test_gradients_reach_everything(third):
    bands = dict(opt=3, sar=2, **third)
    backbone, inputs = tiny(bands), images((40, 64), bands=bands)
    backbone.init_weights()
    pyramid = backbone(inputs)['opt']
    assert_gradients_reach(pyramid, backbone, inputs)


@torch.no_grad()
def test_only_the_main_stream_is_updated():
    backbone, inputs = tiny(dict(opt=3, sar=2)).eval(), images((64, 64))
    nets, seen = backbone.streams.branches, {}
    for m in nets:
        nets[m].stage4.register_forward_hook(
            lambda *arguments, m=m: seen.update({m: arguments[-1]})
        )
    backbone(inputs)
    before = dict(seen)
    backbone({**inputs, 'opt': torch.randn_like(inputs['opt'])})
    for x, y in zip(before['sar'], seen['sar'], strict=True):
        assert torch.equal(x, y)
    backbone({**inputs, 'sar': torch.randn_like(inputs['sar'])})
    assert not torch.equal(before['opt'][0], seen['opt'][0])


@torch.no_grad()
def test_excitation_by_its_formula():
    layer, maps = MultimodalExcitation(3, 2), torch.randn(2, 1, 3, 4, 4)
    joined = torch.cat([*maps], dim=1)[0]
    first, _, second, _ = layer.excite
    hidden = first(joined.mean((1, 2))).relu()
    weights = second(hidden).sigmoid()
    added = torch.einsum(
        'oi,i,ihw->ohw', layer.conv.weight[..., 0, 0], weights, joined
    )
    expected = maps[0, 0] + added + layer.conv.bias[:, None, None]
    torch.testing.assert_close(layer([*maps])[0], expected)


def test_pretrained_weights_reach_every_stream(tmp_path):
    public = AlignedHRNet(4, 3, (1, 1, 1), 1)
    public.init_weights()
    torch.save(public.state_dict(), tmp_path / 'hrnet.pth')
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'hrnet.pth'))
    bands = dict(opt=4, sar=2)
    backbone = DDHRNet(tuple(bands), bands, dict(TINY, init_cfg=init_cfg))
    backbone.init_weights()
    for m, stream in backbone.streams.branches.items():
        assert torch.equal(stream.conv2.weight, public.conv2.weight)
        assert stream.conv1.in_channels == bands[m]


def test_pretrained_bands_are_compared_with_those_of_every_stream(tmp_path):
    public = AlignedHRNet(4, 4, (1, 1, 1), 1)
    path = tmp_path / 'hrnet.pth'
    torch.save(public.state_dict(), path)
    start = dict(type='Pretrained', checkpoint=str(path), bands=[*'RGBN'])

    def started(images, **options):
        stream = dict(TINY, init_cfg=dict(start, **options))
        declared = build_modalities(
            {m: dict(bands=[*b], file_bands=[*b]) for m, b in images.items()}
        )
        config = dict(type='DDHRNet', stream=stream)
        backbone = MODELS.build(with_bands(config, declared))
        backbone.init_weights()
        return [s.conv1.weight for s in backbone.streams.branches.values()]

    dates = started(dict(before='RGBN', after='RGBN'))
    assert all(torch.equal(w, public.conv1.weight) for w in dates)
    by_name = started(dict(opt='NRG', blue='B'), stem='by_name')
    for weight, order in zip(by_name, ([3, 0, 1], [2]), strict=True):
        assert torch.equal(weight, public.conv1.weight[:, order])
    with pytest.raises(ValueError, match=r"\(sar branch\).*lack \['V', 'H'\]"):
        started(dict(opt='RGBN', sar='VH'))
    backbone = DDHRNet(('a',), dict(a=4), TINY, init_cfg=start)
    with pytest.raises(ValueError, match='DDHRNet: init_cfg.*into their con'):
        backbone.init_weights()


def test_a_missing_modality_is_named():
    with pytest.raises(KeyError, match=r"missing \['sar'\]"):
        tiny(dict(opt=3, sar=2))(dict(opt=torch.zeros(1, 3, 32, 32)))


def test_the_head_learns_from_all_levels():
    model, inputs = build('ddhrnet_hr18s').train(), images((32, 32))
    pyramid = model.backbone(inputs)['opt']
    leaves = [x.detach().requires_grad_() for x in pyramid]
    assert_gradients_reach(
        model.decode_head(leaves), model.decode_head, leaves
    )
    assert fused(model, inputs).shape == (2, 8, 8, 8)
