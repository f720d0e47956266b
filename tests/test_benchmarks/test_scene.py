"""Both sides of the benchmark of scenes map the same scene."""

import scene
from helpers import ROOT

NAME = 'joitrinet-d-dem_r18-w16_1xb8-40e_simulated-128x128'


def test_both_sides_map_the_scene(capsys, tmp_path, monkeypatch):
    # children would import everything again
    monkeypatch.setattr(
        scene,
        'alone',
        lambda side, *rest: side(*rest) | dict(peak=2.0, before=1.0),
    )
    config = str(ROOT / f'configs/joitrinet/{NAME}.py')
    sizes = ['--size', '96', '80', '--crop', '64', '--stride', '32']
    scene.main([config, *sizes, '--folder', str(tmp_path)])
    said = capsys.readouterr().out
    assert 'whole / network: ' in said and 'timed windows: 4' in said
    equal = said.split('equal pixels: ')[1].split('%')[0]
    assert float(equal) > 50  # blended otherwise, but the same network
    scene.main([config, *sizes, '--their-windows', '2'])
    assert 'timed windows: 2' in capsys.readouterr().out
