"""Converters are found where they are."""

import sys

import pytest
import torch

from multimodal_rs.weights import conversion
from multimodal_rs.weights.conversion import converters

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
