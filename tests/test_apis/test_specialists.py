"""Networks of single sensors, from the command line and from Python."""

import numpy as np
import pytest
import rasterio

from multimodal_rs.apis import SceneMapper, init_model
from multimodal_rs.apis.command import main


def test_command_and_python_make_the_same_map(
    checkpoint, sar_checkpoint, make_scene, tmp_path
):
    scene = make_scene(edit=lambda data: data['opt'][:, :, 40:].fill(0))
    words = [f'{name}={path}' for name, path in scene.items()]
    words = ['--raster', *words, '--specialists', sar_checkpoint]
    words += ['--device', 'cpu', '--crop', '64']
    out = tmp_path / 'map.tif'
    assert main([checkpoint, *words, '--out', str(out)]) == 0
    specialist = init_model(None, sar_checkpoint)
    model = init_model(None, checkpoint, specialists=[specialist])
    with rasterio.open(out) as file:
        found, tags = file.read(1), file.tags()
    np.testing.assert_array_equal(SceneMapper(model, 64).predict(scene), found)
    alone = SceneMapper(specialist, 64).predict({'sar': scene['sar']})
    np.testing.assert_array_equal(found[:, 44:], alone[:, 44:])
    assert tags['specialists'].startswith('sar sar.pth ')


def test_nothing_is_written_over_a_specialist(
    checkpoint, sar_checkpoint, make_scene, tmp_path
):
    network = tmp_path / 'sar.tif'
    network.write_bytes(open(sar_checkpoint, 'rb').read())
    words = ['--raster', f'opt={make_scene()["opt"]}', '--device', 'cpu']
    words += ['--specialists', str(network), '--out', str(network)]
    with pytest.raises(ValueError, match=r'sar\.tif is the input'):
        main([checkpoint, *words])
    specialist = init_model(None, network)
    model = init_model(None, checkpoint, specialists=[specialist])
    with pytest.raises(ValueError, match=r'sar\.tif is the input'):
        SceneMapper(model, 64).map(make_scene(), network)
