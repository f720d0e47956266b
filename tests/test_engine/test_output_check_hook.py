"""Predicted maps that would replace the labels they are compared with."""

from types import SimpleNamespace

import numpy as np
import pytest
from mmseg.registry import DATASETS, HOOKS, METRICS
from PIL import Image

HOOK = HOOKS.build(dict(type='OutputCheckHook'))


@pytest.fixture
def dataset(tmp_path):
    for folder in ('opt', 'label'):
        (tmp_path / folder / 'scene').mkdir(parents=True)
        for tile in ('a', 'scene/b'):
            picture = Image.fromarray(np.zeros((4, 4), np.uint8))
            picture.save(tmp_path / folder / f'{tile}.png')
    (tmp_path / 'test.txt').write_text('a\nscene/b\n')
    return DATASETS.build(
        dict(
            type='MultiModalSegDataset',
            data_root=str(tmp_path),
            ann_file='test.txt',
            modalities=dict(opt=dict(dir='opt', suffix='.png', bands=[0])),
            label=dict(dir='label', suffix='.png'),
            metainfo=dict(classes=('land', 'sea'), palette=[[0] * 3] * 2),
            test_mode=True,
        )
    )


def check(dataset, *folders, keep=True):
    """Let the hook look at a metric for each folder."""
    evaluators = {
        folder: SimpleNamespace(
            metrics=[
                METRICS.build(
                    dict(
                        type='LandCoverMetric',
                        output_dir=folder and str(folder),
                        keep_results=keep,
                    )
                )
            ]
        )
        for folder in folders
    }
    loop = SimpleNamespace(
        dataloader=SimpleNamespace(dataset=dataset),
        evaluator=evaluators[folders[0]],
    )
    if len(folders) > 1:
        loop.evaluators = evaluators
    HOOK.before_test(SimpleNamespace(test_loop=loop))


def test_maps_do_not_replace_labels(dataset, tmp_path):
    with pytest.raises(ValueError, match=r'map a .*/label/a\.png is the inp'):
        check(dataset, tmp_path / 'label')
    with pytest.raises(ValueError, match=r'/opt/scene/b\.png is the input'):
        (tmp_path / 'opt' / 'a.png').rename(tmp_path / 'opt' / 'c.png')
        check(dataset, None, tmp_path / 'opt')  # of a second evaluator


def test_maps_elsewhere(dataset, tmp_path):
    check(dataset, None)
    check(dataset, tmp_path)
    check(dataset, tmp_path / 'label', keep=False)
    (tmp_path / 'maps').mkdir()
    (tmp_path / 'maps' / 'a.png').write_text('of an earlier test')
    check(dataset, tmp_path / 'maps')
