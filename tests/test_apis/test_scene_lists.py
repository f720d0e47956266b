"""Lists of scenes: by the names of their files, and of a table."""

import logging
import os
import shutil

import pytest
import rasterio
from PIL import Image

from multimodal_rs.apis.command import main
from multimodal_rs.apis.outputs import SceneOutputs
from multimodal_rs.apis.scene_lists import (
    scenes_of_patterns,
    scenes_of_table,
)


def test_scenes_are_found_by_pattern(scenes, tmp_path):
    found = {name: dict(rasters) for name, rasters in scenes}
    assert list(found) == ['alps', 'berlin', 'c 1']
    assert found['alps'] == dict(opt='in/alps/opt.tif', sar='in/alps/sar.tif')
    assert list(found['c 1']) == ['opt']
    slashes = dict(opt='in//{scene}///opt.tif', sar='in/{scene}//sar.tif')
    assert scenes_of_patterns(slashes) == scenes
    slashes = dict(opt=f'/{tmp_path}//in/{{scene}}/opt.tif')
    assert [scene.name for scene in scenes_of_patterns(slashes)] == [*found]
    for name in ('x1', 'x2'):
        (tmp_path / f'{name}_{name}_B4.tif').touch()
    (tmp_path / 'x1_x2_B4.tif').touch()  # two names
    pattern = str(tmp_path / '{scene}_{scene}_B4.tif')
    (first, second) = scenes_of_patterns(dict(opt=pattern, dem='dem.tif'))
    assert (first.name, second.name) == ('x1', 'x2')
    assert first.rasters['dem'] == 'dem.tif'
    (tmp_path / 'x1_B8.tif').touch()
    with pytest.raises(ValueError, match='scene x2: opt lacks a file of'):
        scenes_of_patterns(
            dict(opt=[pattern, str(tmp_path / '{scene}_B8.tif')])
        )
    with pytest.raises(ValueError, match='no file matches .*relative paths'):
        scenes_of_patterns(dict(opt='nowhere/{scene}.tif'))


def test_files_in_archives_are_looked_up(scenes, tmp_path):
    """Under the names that files outside of them have given."""
    shutil.make_archive('in/berlin', 'zip', 'in/berlin', 'sar.tif')
    patterns = dict(
        opt='in/{scene}/opt.tif', sar='/vsizip/in/{scene}.zip/sar.tif'
    )
    found = dict(scenes_of_patterns(patterns))
    assert {name: list(rasters) for name, rasters in found.items()} == {
        'alps': ['opt'],
        'berlin': ['opt', 'sar'],
        'c 1': ['opt'],
    }
    assert found['berlin']['sar'] == '/vsizip/in/berlin.zip/sar.tif'
    del patterns['opt']
    with pytest.raises(ValueError, match=r'vsizip.* in a table \(--scenes\)'):
        scenes_of_patterns(patterns)


def test_a_pattern_that_matches_nothing_is_no_missing_modality(scenes):
    patterns = dict(opt='in/{scene}/opt.tif', sar='in/{scene}/s1.tif')
    expected = (
        r"no file matches \{'sar': 'in/\{scene\}/s1.tif'\}.*leave it out"
    )
    with pytest.raises(ValueError, match=expected):
        scenes_of_patterns(patterns)


def test_scenes_that_lack_a_modality_are_named(checkpoint, scenes, capsys):
    words = ['opt=in/{scene}/opt.tif', 'sar=in/{scene}/sar.tif']
    words += ['--out', 'out/{scene}.tif', '--device', 'cpu']
    assert main([checkpoint, '--raster', *words]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1] == 'without sar: 1 of 3 scenes, c 1'


def test_scenes_of_a_table(tmp_path):
    table = tmp_path / 'scenes.csv'
    table.write_text('scene,opt,sar\na,1.tif;2.tif,s.tif\nb,,t.tif\n')
    first, second = scenes_of_table(table)
    assert first == ('a', dict(opt=['1.tif', '2.tif'], sar='s.tif'))
    assert second == ('b', dict(sar='t.tif'))
    for text, expected in [
        ('scene,opt\na,1\na,2\n', r"name of its own .*\['a'\]"),
        ('scene,opt\n../a,1\n', r"got \['../a'\]"),
        ('scene,opt\na,1,2\n', 'it has a line'),
        ('scene,opt\na\n', 'it has a line'),
        ('opt,sar\n1,2\n', 'first line is scene'),
        ('scene\na\n', 'names of modalities'),
        ('', 'cannot be read'),
    ]:
        table.write_text(text)
        with pytest.raises(ValueError, match=expected):
            scenes_of_table(table)


@pytest.fixture
def folder(make_scene, tmp_path, monkeypatch):
    """Two scenes in the folder ``sd``, ``a.tif`` and ``b.tif``."""
    make_scene(50, 40, folder='sd')
    os.unlink(tmp_path / 'sd' / 'sar.tif')
    os.rename(tmp_path / 'sd' / 'opt.tif', tmp_path / 'sd' / 'a.tif')
    shutil.copy(tmp_path / 'sd' / 'a.tif', tmp_path / 'sd' / 'b.tif')
    monkeypatch.chdir(tmp_path)
    return tmp_path / 'sd'


PATTERN = dict(opt='sd/{scene}.tif')
BESIDE = SceneOutputs('sd/{scene}_map.tif', confidence='sd/{scene}_sure.tif')


def names(outputs=None, patterns=PATTERN):
    return [scene.name for scene in scenes_of_patterns(patterns, outputs)]


def test_outputs_beside_the_rasters_are_no_scenes(
    checkpoint, folder, capfd, caplog
):
    words = ['--raster', 'opt=sd/{scene}.tif', '--out', 'sd/{scene}_map.tif']
    words += ['--confidence', './sd/{scene}_sure.tif', '--device', 'cpu']
    assert main([checkpoint, *words]) == 0
    os.unlink(folder / 'b_sure.tif')
    assert main([checkpoint, *words, '--resume']) == 0
    said = capfd.readouterr().out
    assert '1/2 a: is finished' in said and '2/2 b: sd/b_map.tif in' in said
    assert names() == ['a', 'a_map', 'a_sure', 'b', 'b_map', 'b_sure']
    caplog.set_level(logging.INFO)
    assert names(BESIDE) == ['a', 'b']
    assert '4 files are outputs of this command' in caplog.text
    absolute = SceneOutputs(folder / '{scene}_map.tif')
    assert names(absolute) == ['a', 'a_sure', 'b', 'b_sure']
    os.unlink(folder / 'a.tif')  # what was made of it stays
    assert names(BESIDE) == ['b']


def test_previews_beside_pictures_are_no_scenes(mapper, folder):
    with rasterio.open(folder / 'a.tif') as file:
        Image.fromarray(file.read().transpose(1, 2, 0).astype('uint8')).save(
            folder / 'a.png'
        )
    mapper.map({'opt': 'sd/a.png'}, 'sd/a.tif', preview='sd/a_map.png')
    pattern = dict(opt='sd/{scene}.png')
    beside = SceneOutputs('sd/{scene}.tif', preview='sd/{scene}_map.png')
    assert names(beside, pattern) == ['a']
    shutil.copy('sd/a.png', 'sd/a_map.png')
    assert names(beside, pattern) == ['a', 'a_map']


def test_rasters_with_the_names_of_outputs_are_kept(checkpoint, folder):
    """Only what this program has written is an output."""
    words = ['--raster', 'opt=sd/{scene}.tif', '--device', 'cpu']
    shutil.copy(folder / 'a.tif', folder / 'a_map.tif')
    (folder / 'b_map.tif').write_bytes(b'no raster')
    assert names(BESIDE) == ['a', 'a_map', 'b', 'b_map']
    before = (folder / 'a_map.tif').read_bytes()
    with pytest.raises(ValueError, match='input sd/a_map.tif, which would be'):
        main([checkpoint, *words, '--out', 'sd/{scene}_map.tif'])
    with pytest.raises(ValueError, match='input sd/a.tif, which would be'):
        main([checkpoint, *words, '--out', 'sd/{scene}.tif'])
    assert (folder / 'a_map.tif').read_bytes() == before
    # Nor is it the output of another scene if the scene has that name itself.
    with rasterio.open(folder / 'a.tif', 'r+') as file:
        file.update_tags(software='multimodal_rs 1.0')
    assert 'a' in names(SceneOutputs('sd/{scene}.tif'))
