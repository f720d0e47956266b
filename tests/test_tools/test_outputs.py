"""No command writes over what it reads, and each says so before it works."""

import importlib
import importlib.util
import os
import sys

import pytest
import torch
from mmengine.config import Config

import _launch
from helpers import ROOT
from multimodal_rs.data_prep.__main__ import commands
from multimodal_rs.weights.trust import FORCED

SCENE = 'config.py last.pth --raster opt=opt.tif --out'
# Command -> arguments, and a part of what it answers. Files in the folder:
# see `folder`.
REFUSED = {
    'infer_scene': [
        (f'{SCENE} map.tif --preview opt.tif', 'is the input opt.tif'),
        (f'{SCENE} map.tif --preview soft.tif', 'soft.tif is the input opt'),
        (f'{SCENE} map.tif --preview hard.tif', 'hard.tif is the input opt'),
        (f'{SCENE} map.tif --preview last.pth', 'is the input last.pth'),
        (f'{SCENE} map.tif --preview config.py', 'is the input config.py'),
        (f'{SCENE} map.tif --preview map.tif', 'are one file'),
        (f'{SCENE} map.tif --confidence opt.tif', 'is the input opt.tif'),
        (
            f'{SCENE} map.tif --log-file opt.tif',
            '--log-file opt.tif is the input',
        ),
        (
            f'{SCENE} map.tif --log-file map.tif',
            '--log-file map.tif and out map.tif',
        ),
        (f'{SCENE} opt.tif', 'out opt.tif is the input opt.tif'),
        (f'{SCENE} data', 'out data: expected a file'),
        (f'{SCENE} opt.tif/map.tif', 'opt.tif is a file'),
    ],
    'convert_weights': [
        ('last.pth last.pth --source joitrinet', 'is the input last.pth'),
        ('last.pth config.py --source joitrinet --config config.py', 'is the'),
        ('last.pth data --source joitrinet', 'found a directory'),
    ],
    'test': [
        ('config.py last.pth --out opt.tif', '--out .*opt.tif is a file'),
        ('config.py last.pth --show-dir opt.tif', '--show-dir .* is a file'),
    ],
    'train': [('config.py --work-dir opt.tif', 'FileExistsError')],
    'run_seeds': [('config.py --work-dir opt.tif', 'opt.tif is a file')],
    'run_experiments': [('x.json --work-dir opt.tif', 'opt.tif is a file')],
    'demo': [('--out opt.tif', 'opt.tif is a file')],
    'report': [
        ('run data --out data/losses.json', 'losses.json is the input data'),
        (
            'map opt.tif --raster a=b.tif --checkpoint c.pth --out hard.tif',
            'hard.tif is the input opt.tif',
        ),
    ],
    'make_tables': [
        ('--check --csv opt.tif', '--csv .*opt.tif is a file'),
        ('--check --latex opt.tif', '--latex .*opt.tif is a file'),
    ],
    'map_products': [
        ('opt.tif --area opt.tif', 'area opt.tif is the input opt.tif'),
        ('opt.tif x.tif --area opt.tif', 'area opt.tif is the input opt.tif'),
        ('opt.tif --style hard.tif', 'style hard.tif is the input opt.tif'),
        (
            'opt.tif --accuracy data --reference errors.tif',
            'data/errors.tif is the input errors.tif',
        ),
        ('opt.tif --accuracy opt.tif --reference x.csv', 'is a file'),
        (
            'a.tif x.tif --accuracy data --reference errors.tif',
            'data/errors_a.tif is the input errors.tif',
        ),
    ],
    'demo_hyperspectral': [('--out opt.tif', 'opt.tif is a file')],
    'baselines_sklearn': [
        ('config.py --work-dir opt.tif', 'opt.tif is a file')
    ],
    'analysis_tools/analyze_logs': [
        ('data --out data/losses.json', 'losses.json is the input'),
        ('data --out data', 'found a directory'),
    ],
    'analysis_tools/confusion_matrix': [
        ('data --out data/losses.json', 'losses.json is the input'),
        ('data/losses.json --out data/losses.json', 'is the input'),
    ],
    'analysis_tools/compare_maps': [
        ('run --out run/net.py', 'run/net.py is the input'),
        ('run --out run/best_mIoU.pth', 'best_mIoU.pth is the input'),
    ],
    'analysis_tools/plot_results': [
        ('classes --records data/losses.json --out data/losses.json', 'is th'),
        ('cost --out data', 'found a directory'),
    ],
    'analysis_tools/browse_dataset': [
        ('tiles.py --out opt', 'opt/train_1.png is the input'),
        ('tiles.py --out opt.tif', 'opt.tif is a file'),
    ],
    'analysis_tools/show_fusion': [
        ('config.py last.pth --out opt.tif', 'opt.tif is a file')
    ],
    'multimodal_rs.results.complexity': [
        ('config.py config.py --size 32 32', 'is the input config.py')
    ],
    'multimodal_rs.data_prep.one_grid': [
        ('data same --config none.py --like opt', 'another folder as target')
    ],
}
# What a command calls a place that its user chooses to write to.
PLACES = ('--out', '--work-dir', '--csv', 'dst')
TILES = """
train_dataloader = dict(
    dataset=dict(
        type='MultiModalSegDataset',
        data_root='.',
        ann_file='train.txt',
        modalities=dict(opt=dict(dir='opt', suffix='.png', bands=[0])),
        label=False,
        metainfo=dict(classes=('land',), palette=[[0, 0, 0]]),
    )
)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ('opt.tif', 'data/losses.json', 'opt/train_1.png'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('kept')
    (tmp_path / 'config.py').write_text("default_scope = 'mmseg'\n")
    (tmp_path / 'tiles.py').write_text(TILES)
    (tmp_path / 'train.txt').write_text('train_1\n')
    (tmp_path / 'soft.tif').symlink_to('opt.tif')
    (tmp_path / 'same').symlink_to('data')
    (tmp_path / 'data' / 'errors.tif').write_text('kept')
    (tmp_path / 'errors.tif').symlink_to('data/errors.tif')
    os.link(tmp_path / 'data/errors.tif', tmp_path / 'data/errors_a.tif')
    os.link(tmp_path / 'opt.tif', tmp_path / 'hard.tif')
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run' / 'net.py').write_text('kept')
    for name in ('last.pth', 'run/best_mIoU.pth'):
        torch.save({}, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    # Set here, so that what the tools set does not outlive the test.
    monkeypatch.setenv(FORCED, '1')
    return tmp_path


def load(name):
    """Import a tool, or a module with a command."""
    if name.startswith('multimodal_rs.'):
        return importlib.import_module(name)
    path = ROOT / 'tools' / f'{name}.py'
    spec = importlib.util.spec_from_file_location(f'tool_{path.stem}', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def contents(folder):
    return {p: p.read_bytes() for p in folder.rglob('*') if p.is_file()}


@pytest.mark.parametrize(
    ('name', 'words', 'message'),
    [(name, *case) for name, cases in REFUSED.items() for case in cases],
)
def test_refused_before_work(folder, monkeypatch, name, words, message):
    before = contents(folder)
    monkeypatch.setattr(sys, 'argv', [name, *words.split()])
    with pytest.raises((ValueError, SystemExit), match=message):
        load(name).main()
    assert contents(folder) == before


def test_every_command_that_writes_is_tried_here():
    tools = ROOT / 'tools'
    writing = {
        path.relative_to(tools).with_suffix('').as_posix()
        for path in (*tools.glob('*.py'), *tools.glob('*/*.py'))
        if not path.name.startswith('_')
        and any(f"'{place}'" in path.read_text() for place in PLACES)
    }
    assert len(writing) > 12
    assert writing <= set(REFUSED), 'add a case for the new command'
    # Those that prepare data write where the data is described to lie, and
    # keep the tiles that are there; this one is told where to write.
    assert 'one_grid' in commands()


def test_a_run_does_not_replace_its_config(folder, capsys):
    config = Config.fromfile('config.py')
    config.work_dir = str(folder)
    kept = _launch.without_own_dump(config)
    assert kept.filename is None and kept.to_dict() == config.to_dict()
    assert 'config.py is the config that was read' in capsys.readouterr().out
    for work_dir in ('data', 'none'):
        config.work_dir = work_dir
        assert _launch.without_own_dump(config) is config
    (folder / 'data' / 'config.py').symlink_to(folder / 'config.py')
    config.work_dir = 'data'
    assert _launch.without_own_dump(config).filename is None
