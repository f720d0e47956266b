"""Whole runs through the stock tools, on a few simulated tiles."""

import json
import os
from pathlib import Path

import mmseg
import pytest
import rasterio

from helpers import ROOT
from multimodal_rs.engine.whole_checkpoint_hook import OUTDATED
from multimodal_rs.utils.folder_lock import FolderInUseError, only_one
from tool_runs import (
    newest,
    run_pair,
    run_tool,
    start_tool,
    until,
    weights,
)


def test_checkpoints_load_weights_only(trained):
    content = weights(trained / 'epoch_4.pth')
    meta = content['meta']['dataset_meta']
    assert meta['modalities']['opt']['bands'] == ['B4', 'B3', 'B2', 'B8']
    assert len(meta['classes']) == 8
    assert content['optimizer']['state']


def test_one_training_at_a_time_in_a_folder(tmp_path, config):
    """One that is told to end makes room for the next."""
    words = ('tools/train.py', config, '--work-dir', tmp_path)
    words += ('--cfg-options', 'train_cfg.max_epochs=1000')
    first = start_tool(*words, output=os.devnull)
    until((tmp_path / 'epoch_1.pth').exists)
    with pytest.raises(FolderInUseError, match=f'by process {first.pid} on '):
        with only_one(tmp_path, 'train', 0):
            pass
    first.terminate()
    first.join()
    assert first.exitcode == 143
    with only_one(tmp_path, 'train', 0):
        pass
    hidden = [p.name for p in tmp_path.iterdir() if p.name.startswith('.')]
    assert hidden == ['.train.lock']


def subsets(folder):
    content = json.loads(newest(folder, 'modality_subsets.json').read_text())
    return {key: entry['metrics'] for key, entry in content.items()}


def test_two_processes_test_to_the_same_digits(tmp_path, config, trained):
    checkpoint = trained / 'epoch_4.pth'
    one, two = tmp_path / 'one', tmp_path / 'two'
    run_tool('tools/test.py', config, checkpoint, '--work-dir', one)
    run_pair('tools/test.py', config, checkpoint, '--work-dir', two)
    one, two = subsets(one), subsets(two)
    assert list(one) == ['opt+sar', 'opt', 'sar']
    assert one == two
    assert one['opt'] != one['sar']


def test_test_time_augmentation(tmp_path, config, trained):
    """And the config that the training has left stays as it is."""
    left = tmp_path / config.name
    left.write_text('of = "the training"')
    run_tool(
        *('tools/test.py', config, trained / 'epoch_4.pth'),
        *('--work-dir', tmp_path, '--tta'),
    )
    assert list(subsets(tmp_path)) == ['opt+sar', 'opt', 'sar']
    assert left.read_text() == 'of = "the training"'
    (written,) = tmp_path.glob('[0-9]*.py')
    assert 'TTAModel' in written.read_text()


def test_tiles_of_another_list_and_their_places(
    tmp_path, simulated, config, trained
):
    base = ROOT / 'configs/_base_/datasets/simulated.py'
    elsewhere = tmp_path / 'elsewhere.py'
    elsewhere.write_text(
        f"""
_base_ = {str(base)!r}
ann_file = 'splits/default/val.txt'
test_dataloader = dict(
    batch_size=1,
    dataset=dict(data_root={str(simulated)!r}, ann_file=ann_file),
)
every_place = '_([A-Z][a-z]+)_'
test_evaluator = [dict(type='PlaceMetric', places=every_place)]
"""
    )
    done = run_tool(
        *('tools/test.py', config, trained / 'epoch_4.pth'),
        *('--work-dir', tmp_path, '--test-on', elsewhere, '--cfg-options'),
        *('default_hooks.adapt_norm.share=0.4', 'test_cfg.subsets=single'),
    )
    tiles = (simulated / 'splits/default/val.txt').read_text().split()
    assert f'| Simulated |     {len(tiles)} |' in done.output
    assert list(subsets(tmp_path)['opt']) == [
        f'Simulated_{name}' for name in ('mIoU', 'OA', 'mPA')
    ]


def test_two_processes_train(tmp_path, config):
    run_pair(
        *('tools/train.py', config, '--work-dir', tmp_path),
        *('--cfg-options', 'train_cfg.max_epochs=1'),
        'train_dataloader.batch_size=2',
    )
    for key, tensor in weights(tmp_path / 'epoch_1.pth')['state_dict'].items():
        assert tensor.isfinite().all(), key


def test_mmseg_own_tools_run_our_config(tmp_path, config, trained):
    tools = Path(mmseg.__file__).parent / '.mim' / 'tools'
    run_tool(
        *(tools / 'train.py', config),
        *('--work-dir', tmp_path, '--cfg-options', 'train_cfg.max_epochs=1'),
    )
    hub = weights(tmp_path / 'epoch_1.pth')['message_hub']['runtime_info']
    assert OUTDATED in hub  # our hook has written it
    run_tool(
        *(tools / 'test.py', config),
        *(trained / 'epoch_4.pth', '--work-dir', tmp_path / 'test'),
        *('--show-dir', tmp_path / 'shown'),
    )
    assert list(subsets(tmp_path / 'test')) == ['opt+sar', 'opt', 'sar']
    assert list((tmp_path / 'shown').rglob('contact_sheet.png'))


def test_a_checkpoint_of_another_band_count_is_refused(
    tmp_path, config, trained
):
    option = "['B4','B3','B2']"
    result = run_tool(
        *('tools/test.py', config, trained / 'epoch_4.pth'),
        *('--work-dir', tmp_path, '--cfg-options'),
        *(
            f'{part}.modalities.opt.bands={option}'
            for part in ('test_dataloader.dataset', 'model.data_preprocessor')
        ),
        'model.backbone.branches.opt.in_channels=3',
        check=False,
    )
    assert result.returncode != 0
    assert 'trained with 4 bands, this config reads 3' in result.output


def test_a_trained_checkpoint_alone_maps_a_scene(
    tmp_path, simulated, config, trained
):
    """What multimodal-rs-map calls, beside a network built by its config."""
    from multimodal_rs.apis import SceneMapper, init_model
    from multimodal_rs.apis.command import main

    checkpoint = str(trained / 'epoch_4.pth')
    rasters = dict(opt='s2.tif', sar='s1.tif')
    rasters = {n: str(simulated / 'scene' / p) for n, p in rasters.items()}
    words = [f'{name}={path}' for name, path in rasters.items()]
    out = str(tmp_path / 'map.tif')
    flags = ['--crop', '128', '--stride', '128', '--device', 'cpu']
    assert main([checkpoint, *flags, '--out', out, '--raster', *words]) == 0
    mapper = SceneMapper(init_model(config, checkpoint), 128, 128)
    with rasterio.open(out) as result:
        assert (result.read(1) == mapper.predict(rasters)).all()
        assert len(result.tags()['checkpoint_sha256']) == 64


def test_a_checkpoint_of_another_network_is_refused(tmp_path, config, trained):
    result = run_tool(
        *('tools/test.py', config, trained / 'epoch_4.pth'),
        *('--work-dir', tmp_path, '--cfg-options'),
        *('model.decode_head.kernel_size=1', 'model.modality_heads=None'),
        check=False,
    )
    assert result.returncode != 0
    assert 'does not fit the network of the config' in result.output
