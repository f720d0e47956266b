"""Networks keep the order of their modalities, however a config is sorted."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import HOOKS, MODELS

import small_network  # noqa: F401  registers PointwiseBackbone
from multimodal_rs.apis.trained import load_trained
from multimodal_rs.utils.ordered_config import OrderedConfig
from multimodal_rs.weights.modality_order import (
    READ,
    check_order,
    order_of,
    orders_of,
    reordered,
    trained_order,
)

DECLARED = ('sar', 'opt', 'dem')
POINTWISE = dict(type='PointwiseBackbone')


def stacked():
    """Nothing in it is called after a modality."""
    return dict(type='StackedBackbone', backbone=POINTWISE), 8, None


def concatenated():
    """Its branches have an order of their own."""
    branches = dict.fromkeys(('opt', 'sar', 'dem'), POINTWISE)
    backbone = dict(type='ParallelBackbones', branches=branches)
    neck = dict(type='ConcatFusionNeck', in_channels=(8,), in_index=(0,))
    return backbone, 8, neck


def network(parts):
    backbone, channels, neck = parts()
    declared = {m: dict(bands=[0, 1]) for m in DECLARED}
    return dict(
        type='MultiModalEncoderDecoder',
        data_preprocessor=dict(
            type='MultiModalSegDataPreProcessor', modalities=declared
        ),
        backbone=backbone,
        neck=neck,
        decode_head=dict(
            type='ConvHead',
            kernel_size=1,
            in_channels=channels,
            in_index=0,
            num_classes=3,
            loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
        ),
    )


@pytest.fixture(params=[stacked, concatenated])
def trained(request, tmp_path):
    """A config, its network, and what a training would leave of it."""
    config = Config(dict(model=network(request.param), default_scope='mmseg'))
    model = MODELS.build(config.model).eval()
    meta = dict(
        classes=['a', 'b', 'c'],
        palette=[[0, 0, 0]] * 3,
        modalities=config.model.data_preprocessor.modalities.to_dict(),
    )
    content = dict(meta=dict(dataset_meta=meta), state_dict=model.state_dict())
    torch.save(content, tmp_path / 'epoch_1.pth')
    return config, model, content, tmp_path / 'epoch_1.pth'


def answer(model):
    torch.manual_seed(0)
    images = {m: torch.randn(1, 2, 4, 4) for m in sorted(DECLARED)}
    with torch.no_grad():
        return model.encode_decode(images, [{}])


def test_a_sorted_config_makes_the_network_that_was_trained(trained):
    config, model, content, path = trained
    copied = Config.fromstring(config.pretty_text, '.py')
    order = list(copied.model.data_preprocessor.modalities)
    assert order == ['dem', 'opt', 'sar']
    wrong = MODELS.build(copied.model).eval()
    wrong.load_state_dict(content['state_dict'])
    assert (answer(wrong) - answer(model)).abs().max() > 1e-3
    right = load_trained(copied, path).model
    assert torch.equal(answer(right), answer(model))
    assert right.declared == DECLARED
    runner = reordered(copied, order_of(content))
    assert isinstance(runner, Config)
    assert tuple(runner.model.data_preprocessor.modalities) != tuple(order)
    again = MODELS.build(runner.model).eval()
    again.load_state_dict(content['state_dict'])
    assert torch.equal(answer(again), answer(model))


def test_a_run_with_another_order_is_refused(trained):
    """Whatever loads the checkpoint, and would not put it right."""
    config, model, content, path = trained
    hook = HOOKS.build(dict(type='DeclarationHook'))
    hook.after_load_checkpoint(SimpleNamespace(model=model), content)
    copied = Config.fromstring(config.pretty_text, '.py')
    runner = SimpleNamespace(model=MODELS.build(copied.model), iter=0)
    start = dict(type='PretrainedWeightsHook', checkpoint=str(path))
    message = r"in this order, the config has \['dem', 'opt', 'sar'\]"
    with pytest.raises(ValueError, match=message):
        hook.after_load_checkpoint(runner, content)
    with pytest.raises(ValueError, match=message):
        HOOKS.build(start).before_train(runner)
    hook.after_load_checkpoint(runner, dict(state_dict={}))
    content['meta']['dataset_meta']['modalities'].pop('dem')
    hook.after_load_checkpoint(runner, content)


def test_a_checkpoint_notes_the_order_of_its_network(trained):
    """Which the data may declare in another one."""
    config, model, content, _ = trained
    data = content['meta']['dataset_meta']['modalities']
    content['meta']['dataset_meta']['modalities'] = dict(sorted(data.items()))
    hook = HOOKS.build(dict(type='DeclarationHook'))
    runner = SimpleNamespace(model=model)
    hook.before_save_checkpoint(runner, content)
    assert content['meta']['modalities'] == [*DECLARED]
    assert content['meta'][READ] == [*model.modalities]
    hook.after_load_checkpoint(runner, content)
    assert order_of(content) == trained_order(model.state_dict(), DECLARED)


def test_weights_of_another_order_do_not_start_a_run(trained):
    """As fine-tuning does, which loads them by their names."""
    config, _, content, path = trained
    copied = Config.fromstring(config.pretty_text, '.py')
    hook = dict(type='PretrainedWeightsHook', checkpoint=str(path))
    runner = SimpleNamespace(model=MODELS.build(copied.model), iter=0)
    with pytest.raises(ValueError, match='in this order, the config has'):
        HOOKS.build(hook).before_train(runner)
    runner.model = MODELS.build(config.model)
    HOOKS.build(hook).before_train(runner)


@pytest.mark.parametrize(
    ('others', 'by_place', 'by_name'),
    [
        (('sar', 'opt'), None, None),
        (('opt', 'sar'), r"\['opt', 'sar'\] would", None),
        (('sar', 'dem'), r"\['dem'\] would", None),
        (('sar', 'opt', 'hsi'), None, None),
        (('sar', 'dem', 'hsi'), *[r"place, \['dem'\] would"] * 2),
    ],
)
def test_what_both_read_keeps_its_place(others, by_place, by_name):
    """Where weights have no names of modalities, and where as many are read.

    Of CMNeXt, ``sar`` alone would have got the encoder of ``opt``.
    """
    for keys, message in (
        ('{}.conv', by_place),
        ('branches.{}.conv', by_name),
    ):
        named = 'branches' in keys
        theirs, ours = (
            {keys.format(m if named else i): 0 for i, m in enumerate(names)}
            for names in (DECLARED, others)
        )
        model = SimpleNamespace(
            state_dict=lambda state=ours: state, modalities=others
        )
        content = dict(state_dict=theirs, meta={READ: [*DECLARED]})
        if message is None:
            check_order(content, model)
        else:
            with pytest.raises(ValueError, match=message):
                check_order(content, model)


def test_named_bands_keep_their_order(trained):
    config, _, content, _ = trained
    bands = config.model.data_preprocessor.modalities.opt
    bands.update(bands=['red', 'nir'], file_bands=['nir', 'red'])
    model = MODELS.build(config.model)
    check_order(content, model)  # numbers, of perhaps another file
    theirs = content['meta']['dataset_meta']['modalities']['opt']
    theirs.update(bands=['nir', 'red'], file_bands=['red', 'nir'])
    message = r"opt .* bands \['nir', 'red'\], .* has \['red', 'nir'\]"
    with pytest.raises(ValueError, match=message):
        check_order(content, model)
    theirs['bands'] = ['red', 'nir']
    check_order(content, model)


def test_the_order_of_weights_counts_before_that_of_the_data():
    keys = ['neck.0', 'branches.dem.conv', 'branches.opt.conv', 'head.dem']
    assert trained_order(keys, DECLARED) == ['sar', 'dem', 'opt']
    assert trained_order(['stem.weight'], DECLARED) == [*DECLARED]


def test_only_what_is_keyed_by_modality_is_moved():
    config = dict(b=[dict(sar=1, opt=dict(z=0, a=0))], opt=2, a=dict(sar=3))
    moved = reordered(config, ('opt', 'sar'))
    assert moved == config and list(moved) == list(config)
    assert list(moved['b'][0]) == ['opt', 'sar']
    assert list(moved['b'][0]['opt']) == ['z', 'a']


def test_each_part_keeps_an_order_of_its_own():
    """A resumed run draws and optimises as one that was not killed."""
    weights = dict.fromkeys(
        f'{part}.{name}.weight'
        for part, names in (
            ('backbone.branches', ('opt', 'sar', 'dem')),
            ('modality_heads', ('sar', 'opt')),
        )
        for name in names
    )
    meta = dict(modalities=dict.fromkeys(DECLARED))
    content = dict(state_dict=weights, meta=dict(dataset_meta=meta))
    parts = ('modalities', 'branches', 'modality_heads', 'probs')
    config = {part: dict(dem=1, opt=2, sar=3) for part in parts}
    config['modality_heads'].pop('dem')
    moved = reordered(dict(a=config), order_of(content), orders_of(content))
    assert {part: list(keys) for part, keys in moved['a'].items()} == dict(
        modalities=[*DECLARED],
        branches=['opt', 'sar', 'dem'],
        modality_heads=['sar', 'opt'],
        probs=['opt', 'sar', 'dem'],
    )


def test_a_layer_may_be_called_as_a_modality():
    """As the scales of ConvNeXt, and a radar image, gamma."""
    keys = [f'branches.{m}.0.gamma' for m in ('opt', 'sar', 'gamma')]
    assert trained_order(keys, ('gamma', 'sar', 'opt')) == [
        *('opt', 'sar', 'gamma')
    ]


def test_a_config_that_is_written_down_keeps_its_order(tmp_path):
    values = dict(
        c=dict(sar=[(1,), (), 'it\'s "so"'], opt={'a.b': None, 'class': 1}),
        b=[dict(long='word' * 9, list=[1.5e-7, -2, True], empty={})] * 3,
        a=dict(type=dict, text='line\nbreak'),
    )
    config = OrderedConfig.of(Config(values))
    config.dump(tmp_path / 'x.py')
    again = Config.fromfile(tmp_path / 'x.py')
    assert repr(again.to_dict()) == repr(config.to_dict())
    lines = (tmp_path / 'x.py').read_text().splitlines()
    assert max(map(len, lines)) < 80 and len(lines) > 5
