"""Bands and classes come from the declaration of the data."""

from unittest import mock

import pytest
import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import nn

from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.models import multi_modal_model
from multimodal_rs.models.declaration import with_bands, with_modalities

DECLARED = dict(
    opt=dict(bands=[0, 1, 2, 3]), sar=dict(bands=[0, 1]), dem=dict(bands=[0])
)
RESNET = dict(
    type='ResNet', depth=18, base_channels=16, norm_cfg=dict(type='BN')
)
HEAD = dict(
    type='FCNHead',
    in_channels=128,
    channels=4,
    num_convs=1,
    in_index=3,
    norm_cfg=dict(type='BN'),
    loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
)
SUM = dict(type='SumFusionNeck', in_index=(0, 1, 2, 3))


@MODELS.register_module(force=True)
class JointForDeclarationTest(BaseModule):
    """A plain module, as a stranger would write it."""

    def __init__(self, modalities, in_channels) -> None:
        super().__init__()
        self.modalities = tuple(modalities)
        self.stems = nn.ModuleDict(
            {m: nn.Conv2d(in_channels[m], 4, 1) for m in modalities}
        )


def parallel(*names, **changes):
    branches = {m: dict(RESNET, **changes) for m in names}
    return dict(type='ParallelBackbones', branches=branches)


def segmentor(backbone, number=5, **parts):
    preprocessor = dict(
        type='MultiModalSegDataPreProcessor',
        modalities=DECLARED,
        num_classes=number,
    )
    config = dict(decode_head=HEAD, neck=SUM) | parts
    return MODELS.build(
        dict(
            type='MultiModalEncoderDecoder',
            data_preprocessor=preprocessor,
            backbone=backbone,
            **config,
        )
    )


def test_every_branch_and_every_head():
    heads = dict(opt=HEAD, dem=HEAD)
    model = segmentor(
        parallel('dem', 'opt', 'sar'),
        modality_heads=heads,
        auxiliary_head=[HEAD, HEAD],
    )
    stems = {
        m: b.conv1.in_channels for m, b in model.backbone.branches.items()
    }
    assert stems == dict(dem=1, opt=4, sar=2)
    assert model.neck.modalities == ('dem', 'opt', 'sar')
    all_heads = [
        model.decode_head,
        *model.modality_heads.values(),
        *model.auxiliary_head,
    ]
    assert [h.num_classes for h in all_heads] == [5] * 5
    assert [h.conv_seg.out_channels for h in all_heads] == [5] * 5


def test_a_stack_has_all_bands_and_all_modalities():
    stack = dict(type='StackedBackbone', backbone=RESNET)
    model = segmentor(stack, neck=None)
    assert model.modalities == ('opt', 'sar', 'dem')
    encoder = model.backbone.encoder.branches.stack
    assert encoder.conv1.in_channels == 7
    stack['modalities'] = ('sar', 'dem')
    model = segmentor(stack, neck=None)
    assert model.backbone.encoder.branches.stack.conv1.in_channels == 3


def test_a_joint_backbone_gets_a_dict():
    config = dict(type='JointForDeclarationTest')
    complete = with_bands(config, build_modalities(DECLARED))
    assert complete['modalities'] == ('opt', 'sar', 'dem')
    assert complete['in_channels'] == dict(opt=4, sar=2, dem=1)
    assert config == dict(type='JointForDeclarationTest')
    config['modalities'] = ['sar', 'opt']
    complete = with_bands(config, build_modalities(DECLARED))
    assert complete['in_channels'] == dict(sar=2, opt=4)
    config['in_channels'] = dict(sar=2, opt=3)
    with pytest.raises(ValueError, match="'opt': 3.*opt is declared with 4"):
        with_bands(config, build_modalities(DECLARED))


def test_the_same_number_may_be_stated():
    segmentor(parallel('sar', in_channels=2), neck=None)


@pytest.mark.parametrize(
    ('backbone', 'message'),
    [
        (
            parallel('opt', in_channels=3),
            r'branches.opt: .* in_channels=3, but opt is declared with 4 '
            r'bands \[0, 1, 2, 3\]',
        ),
        (
            dict(
                type='StackedBackbone',
                modalities=('opt', 'sar'),
                backbone=dict(RESNET, in_channels=7),
            ),
            'in_channels=7, but opt is declared with 4 .* sar is declared',
        ),
    ],
)
def test_contradicting_bands(backbone, message):
    with pytest.raises(ValueError, match=message):
        segmentor(backbone, neck=None)


@pytest.mark.parametrize(
    'parts',
    [
        dict(decode_head=dict(HEAD, num_classes=3)),
        dict(auxiliary_head=dict(HEAD, num_classes=3)),
        dict(auxiliary_head=[HEAD, dict(HEAD, num_classes=3)]),
        dict(modality_heads=dict(opt=HEAD, sar=dict(HEAD, num_classes=3))),
    ],
)
def test_contradicting_classes(parts):
    with pytest.raises(ValueError, match='num_classes=3, but .*num_classes=5'):
        segmentor(parallel('opt', 'sar'), **parts)


def test_nobody_says_how_many_classes():
    with pytest.raises(ValueError, match='decode_head: nobody says'):
        segmentor(parallel('opt', 'sar'), number=None)
    head = dict(HEAD, num_classes=3)
    model = segmentor(parallel('opt', 'sar'), number=None, decode_head=head)
    assert model.num_classes == 3


def test_a_backbone_without_that_argument_reads_any_bands():
    """mmseg's MobileNetV2 is made for three bands."""
    config = parallel('opt')
    config['branches']['opt'] = dict(type='MobileNetV2')
    complete = with_bands(config, build_modalities(DECLARED))
    backbone = MODELS.build(complete)
    assert backbone.branches['opt'].conv1.conv.in_channels == 4
    assert len(backbone(dict(opt=torch.randn(1, 4, 64, 64)))['opt']) == 4


def test_an_encoder_around_another_one():
    """mmseg's BiSeNetV1 shows the image to two of them."""
    inner = dict(type='ResNet', depth=18)
    config = parallel('opt')
    config['branches']['opt'] = dict(type='BiSeNetV1', backbone_cfg=inner)
    complete = with_bands(config, build_modalities(DECLARED))['branches']
    assert complete['opt']['in_channels'] == 4
    assert complete['opt']['backbone_cfg'] == {**inner, 'in_channels': 4}


def test_every_modality_that_is_read_is_fused():
    neck = dict(SUM, modalities=('sar', 'opt'))
    assert with_modalities(neck, ('opt', 'sar')) == neck
    with pytest.raises(ValueError, match=r"'opt'\], but .* 'dem'\]"):
        segmentor(parallel('opt', 'sar', 'dem'), neck=neck)


@pytest.mark.parametrize('left_out', [None, 'opt', 'sar', 'dem'])
@pytest.mark.parametrize(
    'neck',
    [
        SUM,
        dict(
            type='MDAFMNeck', channels=(16, 32, 64, 128), in_index=(0, 1, 2, 3)
        ),
        dict(type='MCMFNeck', channels=(16, 32, 64, 128), state_size=2),
    ],
    ids=lambda c: c['type'],
)
def test_every_modality_reaches_the_fused_head(neck, left_out):
    """Whichever is left out of the branches, the others have a gradient."""
    names = [m for m in DECLARED if m != left_out]
    messages = []
    with mock.patch.object(
        multi_modal_model, 'print_log', lambda text, _: messages.append(text)
    ):
        model = segmentor(parallel(*names), neck=neck).eval()
    if left_out:
        assert f"['{left_out}']: declared by the data, but no" in messages[0]
    else:
        assert not messages
    inputs = {
        m: torch.rand(1, len(d['bands']), 64, 64, requires_grad=True)
        for m, d in DECLARED.items()
    }
    model.encode_decode(inputs, [{}])[0, 0].sum().backward()
    for m, image in inputs.items():
        reached = image.grad is not None and image.grad.abs().sum() > 0
        assert reached == (m != left_out), m


@pytest.mark.parametrize('wrong', [3, dict(depth=18), 'ResNet'])
def test_a_part_that_is_no_config(wrong):
    with pytest.raises(ValueError, match='expected a dict with `type`'):
        segmentor(wrong)


@pytest.mark.parametrize('encoder', [RESNET, dict(type='PSCNNLeg')])
def test_modality_without_declaration(encoder):
    """Also of an encoder that has no number of bands of its own."""
    branches = dict(opt=encoder, optical=encoder)
    message = (
        r"branches.optical: .* reads \['optical'\], but the data has the "
        r"modalities \['opt', 'sar', 'dem'\]: use these names"
    )
    with pytest.raises(KeyError, match=message):
        segmentor(dict(type='ParallelBackbones', branches=branches))


@pytest.mark.parametrize(
    'backbone',
    [
        dict(type='StackedBackbone', backbone=RESNET),
        dict(type='JointForDeclarationTest'),
        dict(type='CMX', arch='b0'),
    ],
    ids=lambda c: c['type'],
)
def test_a_joint_backbone_without_declaration(backbone):
    backbone = dict(backbone, modalities=('opt', 'lidar'))
    message = rf"{backbone['type']}: .* reads \['lidar'\], but the data has"
    with pytest.raises(KeyError, match=message):
        segmentor(backbone, neck=None)


def test_without_declarations_a_config_states_its_bands():
    backbone = parallel('lidar', in_channels=1)
    assert with_bands(backbone, {}) == backbone
