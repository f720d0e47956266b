"""Configs of YAML are data, and tests go to the tiles of other configs."""

import pytest
from mmengine.config import Config

from multimodal_rs.utils.configs import point_test_at, read_config

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


def of_test(**dataset):
    usual = dict(type='SpaceNet6Dataset', data_root='', ann_file='')
    test = dict(batch_size=1, dataset=usual | dataset)
    return Config(dict(test_dataloader=test, test_evaluator='ours'))


@pytest.mark.parametrize(
    ('ours', 'name', 'expected'),
    [
        ({}, 'spacenet6_20m2.py', dict(label='labels_20m2', label_dir=None)),
        (
            dict(label=dict(dir='labels_20m2'), label_dir='x', indices=3),
            'spacenet6.py',
            dict(label=None, label_dir=None),
        ),
        (
            dict(type='TrentoDataset', label_dir='labels/official/test'),
            'trento_blocks.py',
            dict(label=None, label_dir='labels/blocks/test'),
        ),
        (
            dict(label=False),
            'spacenet6_20m2.py',
            dict(label=False, label_dir=None),
        ),
    ],
)
def test_a_test_elsewhere_has_the_labels_of_there(ours, name, expected):
    config = of_test(**ours)
    point_test_at(config, name)
    dataset = config.test_dataloader.dataset
    label = dataset.get('label')
    assert (
        dict(
            label=label.dir if label else label,
            label_dir=dataset.get('label_dir'),
        )
        == expected
    )
    assert 'indices' not in dataset
    assert (config.test_evaluator == 'ours') == (label is False)


def test_a_test_on_other_classes_is_refused(tmp_path):
    config = of_test(metainfo=dict(classes=('land', 'water')))
    other = of_test(metainfo=dict(classes=('land', 'city')))
    other.dump(tmp_path / 'other.py')
    with pytest.raises(ValueError, match=r'other\.py declares the classes'):
        point_test_at(config, str(tmp_path / 'other.py'))
