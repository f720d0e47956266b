"""Numbers that are not finite: what tools say, and what they keep."""

import shutil

import pytest
import rasterio
import torch

from multimodal_rs.utils.finite import not_finite
from tool_runs import run_tool, weights

# Below what counts as invalid in any file, too much for a network.
ABSURD = 9e29
# Without the value transform that would clip it.
CONFIG = """
_base_ = {base!r}
sar = dict(sar=dict(values=[], mean=[-15.0, -20.0], std=[5.0, 5.0]))
data = dict(dataset=dict(data_root={data!r}, modalities=sar))
train_dataloader = data
val_dataloader = data
test_dataloader = data
data_preprocessor = dict(modalities=sar)
model = dict(data_preprocessor=data_preprocessor)
"""


def damage(path):
    with rasterio.open(path, 'r+') as file:
        band = file.read(1)
        band[40, 30] = ABSURD
        file.write(band, 1)


def first_tile(data, part):
    """Id and radar file of the first tile of a list."""
    tile = (data / f'splits/default/{part}.txt').read_text().split()[0]
    roi, season, scene, number = tile.split('_')
    (path,) = data.glob(f'{roi}_{season}/s1_*/*_s1_{scene}_{number}.tif')
    return tile, path


@pytest.mark.slow
def test_one_absurd_pixel(tmp_path, simulated, config):
    data, run = tmp_path / 'data', tmp_path / 'run'
    shutil.copytree(simulated, data)
    path = tmp_path / 'absurd.py'
    path.write_text(CONFIG.format(base=str(config), data=str(data)))
    train = ('tools/train.py', path, '--work-dir', run, '--cfg-options')
    run_tool(*train, 'train_cfg.max_epochs=1')
    good = (run / 'epoch_1.pth').read_bytes()

    tile, radar = first_tile(data, 'train')
    shutil.copy(radar, tmp_path / 'kept.tif')
    damage(radar)
    words = (*train, 'train_cfg.max_epochs=2', '--resume')
    done = run_tool(*words, check=False)
    assert done.returncode == 1
    message = done.output[done.output.rindex('iteration ') :]
    for word in (tile, str(radar), '9e+29', 'epoch_1.pth', '--resume'):
        assert word in message, done.output
    assert [p.name for p in run.glob('epoch_*')] == ['epoch_1.pth']
    assert (run / 'epoch_1.pth').read_bytes() == good

    shutil.copy(tmp_path / 'kept.tif', radar)
    run_tool(*words)
    assert not not_finite(weights(run / 'epoch_2.pth')['state_dict'])


@pytest.mark.slow
def test_weights_that_are_not_finite(tmp_path, simulated, config, trained):
    content = weights(trained / 'epoch_4.pth')
    content['state_dict']['decode_head.conv_seg.bias'][1] = torch.nan
    checkpoint = tmp_path / 'nan.pth'
    torch.save(content, checkpoint)
    tile, _ = first_tile(simulated, 'test')
    test = ('tools/test.py', config, checkpoint)
    test += ('--work-dir', tmp_path / 'test', '--out', tmp_path / 'maps')
    done = run_tool(*test, check=False)
    assert done.returncode == 1
    assert f"not finite for '{tile}' ({simulated}" in done.output
    assert not list((tmp_path / 'maps').rglob(f'{tile}*.png'))

    words = [f'opt={simulated}/scene/s2.tif', f'sar={simulated}/scene/s1.tif']
    words += ['--out', tmp_path / 'map.tif']
    scene = ('tools/infer_scene.py', config, checkpoint)
    done = run_tool(*scene, '--crop', 64, '--raster', *words, check=False)
    assert done.returncode == 1
    assert 'the window of rows 0 to ' in done.output
    assert 'x 660000 to ' in done.output
    assert not list(tmp_path.glob('*map*.tif*'))
