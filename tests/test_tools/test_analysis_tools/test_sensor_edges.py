"""The table of a network on simulated tiles, from files to the terminal."""

import numpy as np
import pytest
import rasterio
import torch
from mmseg.registry import DATASETS, MODELS
from mmseg.structures import SegDataSample

import sensor_edges
from config_cases import load
from helpers import ROOT
from multimodal_rs.data_prep import simulate

CONFIG = 'configs/joitrinet/joitrinet-d_r18_1xb8-10e_simulated-128x128.py'


def test_tool(tmp_path, capsys):
    data = tmp_path / 'data'
    simulate.main(
        [str(data), '--patches', '4', '--size', '96', '--scene', '256', '256']
    )
    cfg = load(CONFIG).copy()
    dataset = dict(cfg.test_dataloader.dataset.to_dict(), data_root=str(data))
    meta = DATASETS.build(dataset).metainfo
    model = MODELS.build(cfg.model.to_dict())
    checkpoint = tmp_path / 'checkpoint.pth'
    torch.save(
        dict(state_dict=model.state_dict(), meta=dict(dataset_meta=meta)),
        checkpoint,
    )
    words = [
        *(str(ROOT / CONFIG), str(checkpoint), '--crop', '64', '--stride'),
        *('64', '--count', '1', '--alone', 'again', str(ROOT / CONFIG)),
        *(str(checkpoint), '--cfg-options'),
        f'test_dataloader.dataset.data_root={data}',
    ]
    sensor_edges.main([*words, '--gap', 'sar'])
    lines = capsys.readouterr().out.splitlines()
    (header,) = (line for line in lines if 'distance to the edge' in line)
    titles = [cell.strip() for cell in header.strip('|').split('|')]
    assert titles[1:] == [
        *('pixels', 'map', 'tile as it is', 'without gap', 'opt alone'),
        *('sar alone', 'network for again'),
    ]
    cells = [
        [cell.strip() for cell in line.strip('|').split('|')]
        for line in lines
        if line.startswith(('| gap', '| sensor'))
    ]
    assert sum(int(row[1]) for row in cells) == 96 * 96
    far = [
        row for row in cells if row[0].startswith('gap, ') and row[2] != '-'
    ]
    # Deep inside the gap nothing but the optical image speaks.
    assert far[0][2] == far[0][5]
    for row in cells:
        assert row[4] == row[7]  # the same network, without a gap
    # What the config does not count in a test is not counted here.
    info = DATASETS.build(dataset).get_data_info(0)
    tile = info['img_paths']['sar']
    with rasterio.open(tile, 'r+') as file:
        file.write(
            np.full((2, 10, 20), np.nan, 'f4'), window=((0, 10), (0, 20))
        )
    words.append('test_dataloader.dataset.pipeline.1.ignore_invalid=any')
    sensor_edges.main([*words, '--gap', 'sar'])
    lines = capsys.readouterr().out.splitlines()
    counted = [int(x.split('|')[2]) for x in lines if x[:3] in ('| g', '| s')]
    assert sum(counted) == 96 * 96 - 10 * 20
    # `again` reads both sensors, so it can answer for neither.
    with pytest.raises(ValueError, match='specialist: expected some of the'):
        sensor_edges.main([*words, '--gap', 'sar', '--specialists'])
    # A gap in the form of the empty pixels of a file.
    sensor_edges.main([*words, '--gap', 'sar', '--shape', tile])
    out = capsys.readouterr().out
    assert '| gap, beyond 32 px    |      0 |' in out
    with pytest.raises(ValueError, match='--shape .* no empty pixel'):
        whole = info['img_paths']['opt']
        sensor_edges.main([*words, '--gap', 'sar', '--shape', whole])
    with pytest.raises(ValueError, match="one of .'opt', 'sar'."):
        sensor_edges.main([*words, '--gap', 'dem'])


def test_tiles_that_lack_an_optional_file_are_left_out():
    present = [('opt',), ('opt', 'sar'), ('sar',), ('sar', 'opt', 'dem')]
    dataset = [
        dict(data_samples=SegDataSample(metainfo=dict(present_modalities=p)))
        for p in present
    ]
    known = dict(opt=None, sar=None)
    assert sensor_edges.complete_tiles(dataset, known, 9) == [1, 3]
    assert sensor_edges.complete_tiles(dataset, known, 1) == [1]
    with pytest.raises(ValueError, match=r"all of \['hsi'\], found none"):
        sensor_edges.complete_tiles(dataset, dict(hsi=None), 9)
