"""A dataset: new files only, in the package or beside an installed one.

In the package it creates four files, the dataset, its base config, its
preparation and the script that runs that from a checkout (and a test), and
edits none: shown on a copy of the checkout's package and configs. Beside an
installed package it creates three, in a folder of one's own.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers import ROOT
from tool_runs import run, run_tool

DATASET = '''
"""Roofs: aerial images and heights."""

from mmseg.registry import DATASETS

from multimodal_rs.datasets.base import MultiModalSegDataset


@DATASETS.register_module()
class RoofsDataset(MultiModalSegDataset):
    """Pictures (PNG), heights (.npy) and roofs (PNG), named alike."""

    METAINFO = dict(
        classes=('ground', 'roof'), palette=[[90, 160, 90], [200, 60, 60]]
    )
    LABEL = dict(dir='roofs', suffix='.png', ids={0: 0, 200: 1, 255: 255})
'''
CONFIG = """
_base_ = {base!r}
{imports}
modalities = dict(
    opt=dict(dir='pictures', suffix='.png', bands=['R', 'G'],
             file_bands=['R', 'G', 'B']),
    ndsm=dict(dir='heights', suffix='.npy', bands=[0], nodata=-99),
)
dataset = dict(
    type='RoofsDataset', data_root='data/roofs', modalities=modalities)
train_dataloader, val_dataloader, test_dataloader = (
    dict(dataset=dict(**dataset, ann_file=f'splits/random/{{part}}.txt'))
    for part in ('train', 'val', 'test')
)
data_preprocessor = dict(modalities=modalities, num_classes=2)
"""
PREPARATION = '''
"""Prepare Roofs, usually in data/roofs."""

import sys

from multimodal_rs.data_prep.prepare import prepare
from multimodal_rs.data_prep.splits import random_split


def make_splits(tiles, seed):
    """Make one random split."""
    return {'random': random_split(tiles, seed)}


def main(arguments=None):
    """Prepare or check a folder."""
    return prepare(__doc__, 'roofs.py', make_splits, arguments=arguments)


if __name__ == '__main__':
    sys.exit(main())
'''
USE = '''
"""Build the training dataset of a config and load a sample."""

import sys

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

import multimodal_rs

init_default_scope('mmseg')
dataset = Config.fromfile(sys.argv[1]).train_dataloader.dataset
dataset.data_root = sys.argv[2]
dataset = DATASETS.build(dataset)
sample = dataset[0]
shapes = {m: tuple(x.shape) for m, x in sample['inputs'].items()}
labels = sample['data_samples'].gt_sem_seg.data.unique().tolist()
print(type(dataset).__name__, len(dataset), shapes, labels)
'''
EXPECTED = "RoofsDataset 6 {'opt': (2, 16, 24), 'ndsm': (1, 16, 24)} [0, 1]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write ten tiles."""
    root = tmp_path / 'my data'
    for name in ('pictures', 'heights', 'roofs'):
        (root / name).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for tile in range(10):
        picture = rng.integers(0, 256, (16, 24, 3), np.uint8)
        Image.fromarray(picture).save(root / f'pictures/{tile}.png')
        np.save(root / f'heights/{tile}.npy', rng.normal(5, 2, (16, 24)))
        roofs = np.where(picture[..., 0] > 99, 200, 0).astype('uint8')
        Image.fromarray(roofs).save(root / f'roofs/{tile}.png')
    return root


def write(files: dict[Path, str]) -> None:
    for path, text in files.items():
        assert not path.exists()  # created, never edited
        path.write_text(text.lstrip())


def prepare_and_check(folder: Path, script: Path, **where) -> None:
    """Write split lists and statistics; then nothing is wrong."""
    done = run_tool(script, folder, **where)
    assert 'opt, 2304 valid pixels' in done.output  # of 6 tiles
    assert 'mean=[' in done.output
    report = run_tool(script, folder, '--check', **where)
    assert 'Nothing wrong was found' in report.output


def load_sample(folder: Path, config: Path, **where) -> None:
    script = folder.parent / 'use.py'
    script.write_text(USE)
    used = run_tool(script, config, folder, **where)
    assert used.output.splitlines()[-1] == EXPECTED


def test_in_the_package(tmp_path: Path, folder: Path) -> None:
    copy = tmp_path / 'checkout'
    ignored = shutil.ignore_patterns('__pycache__', '*.egg-info')
    for name in ('projects', 'data_prep', 'configs/_base_'):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    package = copy / 'projects/multimodal_rs'
    config = copy / 'configs/_base_/datasets/roofs.py'
    write(
        {
            package / 'datasets/roofs.py': DATASET,
            config: CONFIG.format(base='./multimodal.py', imports=''),
            package / 'data_prep/roofs.py': PREPARATION,
            copy / 'data_prep/roofs.py': (
                ROOT / 'data_prep/ombria.py'
            ).read_text(),
        }
    )
    prepare_and_check(folder, copy / 'data_prep/roofs.py', checkout=copy)
    load_sample(folder, config, checkout=copy)
    entry = sys.executable, '-m', 'multimodal_rs.data_prep', '--help'
    done = run(*entry, PYTHONPATH=str(copy / 'projects'))
    assert 'Prepare Roofs' in done.stdout


@pytest.mark.slow
def test_beside_an_installed_package(tmp_path: Path, folder: Path) -> None:
    mine = tmp_path / 'mine'
    mine.mkdir()
    base = ROOT / 'configs/_base_/datasets/multimodal.py'
    imports = "custom_imports = dict(imports=['multimodal_rs', 'roofs_data'])"
    write(
        {
            mine / 'roofs_data.py': DATASET,
            mine / 'roofs.py': CONFIG.format(base=str(base), imports=imports),
            mine / 'prepare_roofs.py': PREPARATION.replace(
                "'roofs.py'", f'{str(mine / "roofs.py")!r}'
            ),
        }
    )
    prepare_and_check(folder, mine / 'prepare_roofs.py')
    load_sample(folder, mine / 'roofs.py', path=[mine])
