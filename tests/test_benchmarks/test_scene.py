"""Both sides of the benchmark of scenes map the same scene."""

import pytest

import scene
from helpers import ROOT

NAME = 'joitrinet-d-dem_r18-w16_1xb8-40e_simulated-128x128'


SIZES = ['--size', '96', '80', '--crop', '64', '--stride', '32']


@pytest.fixture
def words(monkeypatch):
    # children would import everything again
    monkeypatch.setattr(
        scene,
        'alone',
        lambda side, *rest: side(*rest) | dict(peak=2.0, before=1.0),
    )
    return [str(ROOT / f'configs/joitrinet/{NAME}.py'), *SIZES]


def test_both_sides_map_the_scene(capsys, tmp_path, words):
    scene.main([*words, '--folder', str(tmp_path)])
    said = capsys.readouterr().out
    assert 'whole / network: ' in said and 'timed windows: 4' in said
    equal = said.split('equal pixels: ')[1].split('%')[0]
    assert float(equal) > 50  # blended otherwise, but the same network
    scene.main([*words, '--their-windows', '2'])
    assert 'timed windows: 2' in capsys.readouterr().out


def test_terratorch_maps_the_scene(capsys, words):
    pytest.importorskip('terratorch', reason='it wants a torch of its own')
    scene.main([*words, '--terratorch', '--their-windows', '1'])
    said = capsys.readouterr().out
    equal = said.split('equal pixels: ')[1].split('%')[0]
    assert 'TerraTorch / SceneMapper' in said and float(equal) > 50
