"""Many scenes: found, shared, mapped, and left alone when finished."""

import argparse
import os
import re
import signal
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import rasterio
from mmengine.config import Config

from helpers import small_files
from multimodal_rs.apis import IncompleteError, SceneMapper
from multimodal_rs.apis.batch import map_scenes
from multimodal_rs.apis.command import main
from multimodal_rs.apis.map_arguments import add_arguments
from multimodal_rs.apis.outputs import SceneOutputs
from multimodal_rs.apis.scene_mapper import training_crop
from multimodal_rs.inference import pieces
from multimodal_rs.inference.grids import SceneGrid
from multimodal_rs.products.make import Products
from multimodal_rs.utils.folder_lock import only_one
from small_network import CLASSES, PALETTE

OUTPUTS = SceneOutputs(
    'maps/{scene}.tif',
    confidence='maps/{scene}_sure.tif',
    preview='maps/{scene}.png',
    products=Products(area='maps/{scene}.csv', polygons='maps/{scene}.gpkg'),
)


def state(folder='maps'):
    return {p.name: p.stat().st_mtime_ns for p in Path(folder).iterdir()}


def test_batch_is_each_scene_alone_and_resumes(mapper, scenes):
    done = list(map_scenes(mapper, scenes, OUTPUTS))
    assert [d.name for d in done] == ['alps', 'berlin', 'c 1']
    assert all(d.error is None for d in done)
    assert any('polygons' in line for line in done[0].report.said)
    for scene in scenes:
        with rasterio.open(f'maps/{scene.name}.tif') as file:
            expected = mapper.predict(scene.rasters)
            np.testing.assert_array_equal(file.read(1), expected)
    names = {n: t for n, t in state().items() if not n.endswith('.xml')}
    assert len(names) == 3 * 5

    def again(changed, **options):
        before = state()
        done = map_scenes(mapper, scenes, OUTPUTS, resume=True, **options)
        made = {d.name for d in done if d.report is not None}
        assert made == changed
        kept = [n for n in before if re.split('[._]', n)[0] not in changed]
        assert all(state()[name] == before[name] for name in kept)

    again(set())
    os.unlink('maps/berlin_sure.tif')  # killed before its end
    again({'berlin'})
    Path('maps/alps.tif').write_bytes(b'damaged')
    again({'alps'})
    os.utime('maps/c 1.csv', ns=(0, 0))  # of an earlier map
    again({'c 1'})
    os.utime(scenes[1].rasters['opt'])  # newer than the map
    again({'berlin'})
    mapper.model.checkpoint_identity['checkpoint_sha256'] = '2'
    again({'alps', 'berlin', 'c 1'})


def test_each_scene_has_the_grid_of_its_file(mapper, scenes):
    heights = dict(zip(('alps', 'berlin', 'c 1'), (10, 11, 12), strict=True))
    for name, rasters in scenes:
        with rasterio.open(rasters['opt']) as file:
            profile = file.profile | dict(height=heights[name])
        rasterio.open(f'{name}_grid.tif', 'w', **profile).close()
    outputs, grid = SceneOutputs('{scene}.tif'), SceneGrid('{scene}_grid.tif')
    for resume in (False, True):
        done = list(map_scenes(mapper, scenes, outputs, resume, grid=grid))
        assert all(d.error is None for d in done)
        assert all((d.report is None) == resume for d in done)
    for name, height in heights.items():
        with rasterio.open(f'{name}.tif') as file:
            assert file.shape == (height, 40)


def test_one_bad_scene_does_not_keep_the_others(mapper, scenes):
    Path(scenes[0].rasters['opt']).write_bytes(b'damaged')
    first, *others = map_scenes(mapper, scenes, OUTPUTS)
    assert 'opt.tif cannot be read' in str(first.error)
    assert all(other.report is not None for other in others)
    assert not Path('maps/alps.tif').exists()
    flat = SceneOutputs('maps/{scene}.tif', preview='preview.png')
    with pytest.raises(ValueError, match=r"into \['preview.png'\]"):
        next(map_scenes(mapper, scenes, flat))


def test_crop_is_that_of_the_training(model):
    assert training_crop(model) == 256
    steps = [dict(type='Load'), dict(type='RandomCrop', crop_size=(96, 128))]
    data = dict(type='RepeatDataset', dataset=dict(pipeline=steps))
    model.cfg = Config(dict(train_dataloader=dict(dataset=data)))
    assert training_crop(model) == 96
    steps[1]['crop_size'] = 64
    model.cfg = Config(dict(train_dataloader=dict(dataset=data)))
    model.dataset_meta = dict(classes=CLASSES, palette=PALETTE)
    assert SceneMapper(model).windows.crop == 64


def test_command_needs_a_checkpoint_alone(
    checkpoint, mapper, scenes, capfd, tmp_path
):
    flags = [checkpoint, '--crop', '64', '--device', 'cpu']
    rasters = scenes[0].rasters
    words = [f'{name}={path}' for name, path in rasters.items()]
    area = ['--area', 'map.csv']
    assert main([*flags, '--raster', *words, '--out', 'map.tif', *area]) == 0
    with rasterio.open('map.tif') as file:
        expected = mapper.predict(rasters)
        np.testing.assert_array_equal(file.read(1), expected)
        assert file.tags()['checkpoint'] == 'best.pth'
    said = capfd.readouterr().out
    assert 'network ' in said and 'Wrote map.csv' in said
    # all scenes, of which one is damaged
    Path(scenes[1].rasters['opt']).write_bytes(b'damaged')
    words = ['opt=in/{scene}/opt.tif', 'sar=in/{scene}/sar.tif']
    batch = [*flags, '--raster', *words, '--out', 'maps/{scene}.tif']
    assert main(batch) == 1
    captured = capfd.readouterr()
    assert '1/3 alps: maps/alps.tif in ' in captured.out
    assert captured.out.rstrip().endswith('; 0 s left')
    assert 'Not mapped: berlin' in captured.err
    assert main([*batch, '--resume']) == 1
    assert '3/3 c 1: is finished' in capfd.readouterr().out
    one = [*flags, '--raster', *(f'{n}={p}' for n, p in rasters.items())]
    one += ['--out', 'maps/alps.tif', '--resume', '--log-file', 'log/of.txt']
    assert main(one) == 0
    assert 'maps/alps.tif is finished' in capfd.readouterr().out
    assert Path('log/of.txt').read_text().endswith('is finished\n')
    lines = ['scene,opt', f'a,{scenes[0].rasters["opt"]}']
    (tmp_path / 'list.csv').write_text('\n'.join(lines))
    table = ['--scenes', 'list.csv', '--out', 'of_{scene}.tif']
    assert main([*flags, *table]) == 0
    assert Path('of_a.tif').exists()
    assert main([*flags, *table, '--missing', 'mean']) == 0
    with rasterio.open('of_a.tif') as file:
        assert file.tags()['missing'] == 'mean'


def test_the_table_of_scenes_is_not_written_over(checkpoint, scenes):
    rows = 'scene,opt\nalps,in/alps/opt.tif\n'
    Path('alps.csv').write_text(rows)
    words = ['--out', 'maps/{scene}.tif', '--area', '{scene}.csv']
    with pytest.raises(ValueError, match='alps: area .* is the input alps.cs'):
        main([checkpoint, '--scenes', 'alps.csv', *words, '--device', 'cpu'])
    assert Path('alps.csv').read_text() == rows


def test_torchrun_leaves_the_flags_alone():
    """It takes the beginnings of its own options for these."""
    run = pytest.importorskip('torch.distributed.run')
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    for option in parser._option_string_actions:
        words = [option, 'x']
        seen = run.get_args_parser().parse_args(['script.py', *words])
        assert seen.training_script_args == words


def test_flags_that_contradict_each_other(checkpoint, scenes):
    with pytest.raises(ValueError, match='with --raster, or many'):
        main([checkpoint, '--out', 'map.tif'])
    words = ['--raster', 'opt=in/{scene}/opt.tif']
    with pytest.raises(ValueError, match=r"\{scene\} into \['map.tif'\]"):
        main([checkpoint, *words, '--out', 'map.tif'])
    with pytest.raises(ValueError, match='belong together'):
        main([checkpoint, *words, '--out', '{scene}.tif', '--accuracy', 'a'])


def test_a_map_whose_products_fail_is_said_to_be_there(
    checkpoint, scenes, capfd
):
    """The disk has room for maps, not for polygons."""
    flags = [checkpoint, '--crop', '64', '--device', 'cpu']
    words = [f'{name}={path}' for name, path in scenes[0].rasters.items()]
    one = [*flags, '--raster', *words, '--out', 'map.tif']
    one += ['--area', 'map.csv', '--polygons', 'map.gpkg']
    full = r'^map.tif is written, but map.gpkg cannot be written .*disk full'
    with small_files(60_000), pytest.raises(IncompleteError, match=full) as no:
        main(one)
    said = capfd.readouterr().out.splitlines()
    assert said[0].startswith('Wrote map.tif in ')
    assert said[1:] == ['Wrote map.csv'] == no.value.report.said
    many = ['opt=in/{scene}/opt.tif', 'sar=in/{scene}/sar.tif']
    many = [*flags, '--raster', *many, '--out', 'maps/{scene}.tif']
    many += ['--polygons', 'maps/{scene}.gpkg']
    Path(scenes[1].rasters['opt']).write_bytes(b'damaged')
    with small_files(60_000):
        assert main(many) == 1
    captured = capfd.readouterr()
    assert '1/3 alps: maps/alps.tif in ' in captured.out
    assert '1/3 alps: maps/alps.tif is written, but maps/al' in captured.err
    assert captured.err.endswith(
        'Not mapped: berlin\nMapped, but not all is made of it: alps, c 1\n'
    )
    maps = {n: t for n, t in state().items() if n.endswith('.tif')}
    assert set(maps) == {'alps.tif', 'c 1.tif'}
    assert main([*many, '--resume']) == 1
    assert state().items() > maps.items()
    assert Path('maps/alps.gpkg').exists()


@pytest.mark.skipif(os.name != 'posix', reason='kills a process')
def test_a_killed_batch_leaves_whole_files_and_continues(
    mapper, scenes, monkeypatch
):
    """A child maps, and is killed in its second scene."""
    from multimodal_rs.utils import files

    child = os.fork()
    if child == 0:
        calls = []
        encode = mapper.model.encode_decode

        def killed(*arguments):
            calls.append(1)
            if len(calls) == 4:
                os.kill(os.getpid(), signal.SIGKILL)
            return encode(*arguments)

        mapper.model.encode_decode = killed
        list(map_scenes(mapper, scenes, OUTPUTS))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -9
    left = {n for n in state() if n.startswith('.')}
    assert left and Path('maps/alps.gpkg').exists()
    assert not Path('maps/berlin.tif').exists()
    files.sweep.cache_clear()  # as a new process
    done = list(map_scenes(mapper, scenes, OUTPUTS, resume=True))
    assert [d.report is None for d in done] == [True, False, False]
    assert not any(n.startswith('.') for n in state())


def test_maps_stay_while_products_are_made_again(mapper, scenes, monkeypatch):
    list(map_scenes(mapper, scenes, OUTPUTS))
    before = state()
    os.unlink('maps/alps.csv')
    monkeypatch.setattr(mapper.model, 'encode_decode', None)
    done = list(map_scenes(mapper, scenes, OUTPUTS, resume=True))
    assert [d.report is None for d in done] == [False, True, True]
    assert done[0].report.kept
    assert state()['alps.tif'] == before['alps.tif']
    assert Path('maps/alps.csv').exists()


@pytest.mark.parametrize('many', [False, True])
def test_a_map_that_stays_is_not_said_to_be_written(
    checkpoint, scenes, capsys, many
):
    name = '{scene}' if many else 'alps'
    words = [checkpoint, '--raster', f'opt=in/{name}/opt.tif']
    words += ['--out', f'maps/{name}.tif', '--device', 'cpu', '--resume']
    assert main(words) == 0
    assert 'stays' not in capsys.readouterr().out
    assert main([*words, '--area', f'maps/{name}.csv']) == 0
    said = capsys.readouterr().out
    assert 'maps/alps.tif stays as it is' in said
    assert 'maps/alps.tif in' not in said and 'Wrote maps/alps.csv' in said


def test_a_map_that_another_process_makes(mapper, scenes, monkeypatch):
    at_once = partial(only_one, patience=0)
    monkeypatch.setattr(pieces, 'only_one', at_once)
    with only_one(pieces.piece_folder(Path('maps/alps.tif')), 'map'):
        done = list(map_scenes(mapper, scenes, OUTPUTS))
        assert 'is in use by process' in str(done[0].error)
        assert [d.error is None for d in done] == [False, True, True]
