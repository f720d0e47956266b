"""Configs of YAML are data, whatever their tags say."""

import pytest

from multimodal_rs.utils.configs import read_config

TAGS = (
    '!!python/object/apply:os.mkdir ["ran"]',
    '!!python/object/new:pathlib.Path ["ran"]',
    '!!python/name:os.mkdir',
    '!other 3',
    '[1',
)


@pytest.mark.parametrize('value', TAGS)
def test_a_tag_is_not_followed(tmp_path, monkeypatch, value):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'base.yaml').write_text(f'a: {value}\n')
    (tmp_path / 'heir.yml').write_text('_base_: [base.yaml]\nb: 1\n')
    for name in ('base.yaml', 'heir.yml'):
        with pytest.raises(ValueError, match=r'base\.yaml: expected YAML of'):
            read_config(tmp_path / name)
    assert not (tmp_path / 'ran').exists()


def test_plain_data_is_read(tmp_path):
    (tmp_path / 'base.json').write_text('{"a": {"b": [1, "x"]}}')
    (tmp_path / 'middle.yaml').write_text('_base_: base.json\na: {c: 2.5}\n')
    (tmp_path / 'heir.yml').write_text('_base_: [middle.yaml]\nd: no\n')
    config = read_config(tmp_path / 'heir.yml')
    assert config.to_dict() == dict(a=dict(b=[1, 'x'], c=2.5), d=False)


def test_a_circle_is_named(tmp_path):
    (tmp_path / 'a.yaml').write_text('_base_: b.yaml\n')
    (tmp_path / 'b.yaml').write_text('_base_: a.yaml\n')
    with pytest.raises(ValueError, match=r'a\.yaml inherits itself'):
        read_config(tmp_path / 'a.yaml')
