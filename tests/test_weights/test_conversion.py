"""Converters are found where they are."""

import sys

import pytest
import torch

from multimodal_rs.weights import conversion
from multimodal_rs.weights.conversion import converters
from multimodal_rs.weights.conversion.concat_order import in_order, stem_order
from multimodal_rs.weights.conversion.df2rq import convert_df2rq
from multimodal_rs.weights.conversion.rules import rename_keys

FILE = """
from multimodal_rs.weights.conversion.rules import rename_keys

CONVERTERS = {'NAME': lambda state: rename_keys(state, [('theirs', 'ours')])}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(
        conversion, '__path__', [*conversion.__path__, str(tmp_path)]
    )
    yield tmp_path
    for name in ('toy', 'zoo'):
        sys.modules.pop(f'{conversion.__name__}.{name}', None)


def test_sources_of_the_package():
    assert {'joitrinet', 'mcf-mamba', 'ref-net', 'vmamba'} <= set(converters())


def test_a_new_file_is_a_new_source(folder):
    (folder / 'toy.py').write_text(FILE.replace('NAME', 'toy'))
    state, unmatched, _ = converters()['toy'](
        {'theirs.a': torch.ones(1), 'b': torch.ones(1)}
    )
    assert list(state) == ['ours.a'] and unmatched == ['b']


def test_a_name_belongs_to_one_file(folder):
    (folder / 'zoo.py').write_text(FILE.replace('NAME', 'vmamba'))
    with pytest.raises(ValueError, match="'vmamba' is that of .*vmamba"):
        converters()


def test_no_tensor_takes_the_place_of_another():
    rules = [(r'norm\.', 'head.norm.'), (r'', '')]
    state = {'norm.bias': torch.zeros(1), 'head.norm.bias': torch.ones(1)}
    with pytest.raises(
        ValueError, match="'norm.bias' and 'head.norm.bias' .* 'head.norm.bias"
    ):
        rename_keys(state, rules)


def df2rq_state(names, share):
    """The keys of one tensor for each stem, encoder and level."""
    state = {
        f'backbone.stem_layers.{m}.0.conv.weight': torch.randn(4, i + 1, 1, 1)
        for i, m in enumerate(names)
    }
    encoders = [''] if share else [f'{m}.' for m in names]
    for name in encoders:
        state[f'backbone.net.{name}cls_token'] = torch.randn(1, 1, 4)
    for level in range(2):
        joined = torch.arange(len(names)).repeat_interleave(4).expand(4, -1)
        state[f'neck.fuser.{level}.0.weight'] = joined
    return state


@pytest.mark.parametrize('share', [True, False])
@pytest.mark.parametrize(
    ('theirs', 'ours'),
    [
        (('rgb', 'dem', 'ndvi', 'vvvh'), ('opt', 'dem', 'ndvi', 'sar')),
        (('hsi', 'msi', 'sar'), ('hsi', 'opt', 'sar')),
        (('vvvh', 'dsm', 'rgb'), ('sar', 'dsm', 'opt')),
        (('rgb', 'msi'), ('rgb', 'msi')),  # both would be opt
    ],
)
def test_df2rq_keeps_every_modality_and_their_order(theirs, ours, share):
    source = df2rq_state(theirs, share)
    state, unmatched, _ = convert_df2rq(source)
    assert unmatched == [] and len(state) == len(source)
    assert stem_order(state) == ours
    for one, two in zip(theirs, ours, strict=True):
        weight = source[f'backbone.stem_layers.{one}.0.conv.weight']
        assert state[f'backbone.stems.{two}.0.conv.weight'] is weight
    names = ('shared',) if share else ours
    assert {f'backbone.encoders.{n}.cls_token' for n in names} < set(state)
    turned = in_order(state, ours[::-1])
    assert stem_order(turned) == ours[::-1]
    weight = turned['neck.levels.1.0.weight']
    assert weight[2, ::4].tolist() == [*range(len(ours))][::-1]
    back = in_order(turned, ours)
    assert all(torch.equal(back[key], state[key]) for key in state)
    with pytest.raises(ValueError, match='expected .*lidar'):
        in_order(state, (*ours[1:], 'lidar'))
