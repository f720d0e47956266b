"""Several processes that share the scenes of a list."""

import os
import sys
import time

import pytest
import rasterio
import torch
import torch.multiprocessing as torch_processes
from torch import distributed

from multimodal_rs.apis.command import main
from multimodal_rs.apis.scene_lists import share_of_process
from multimodal_rs.models.segmentors.multi_modal_encoder_decoder import (
    MultiModalEncoderDecoder,
)
from tool_runs import free_port

TALKS = pytest.mark.skipif(
    not distributed.is_available(), reason='this torch has no distributed'
)


def test_processes_share_scenes(monkeypatch):
    every, shares = list('abcdefg'), []
    for rank in range(3):
        monkeypatch.setenv('RANK', str(rank))
        monkeypatch.setenv('WORLD_SIZE', '3')
        shares += share_of_process(every)
    assert sorted(shares) == every
    monkeypatch.delenv('RANK')
    monkeypatch.delenv('WORLD_SIZE')
    assert share_of_process(every) == every


def map_share(rank, words, place, folder):
    """Be a process of torchrun; the first one takes its time."""
    torch.set_num_threads(1)
    os.environ.update(place, RANK=str(rank), WORLD_SIZE='2')
    sys.stdout = sys.stderr = open(folder / f'said-{rank}', 'w')
    if rank == 0:
        encode = MultiModalEncoderDecoder.encode_decode

        def slowly(*arguments):
            time.sleep(0.5)
            return encode(*arguments)

        MultiModalEncoderDecoder.encode_decode = slowly
    code = main(words)
    (folder / f'code-{rank}').write_text(str(code))
    raise SystemExit(code)


@TALKS
def test_a_bad_scene_of_one_process_does_not_end_the_other(
    checkpoint, scenes, tmp_path
):
    """Whoever starts processes ends those that are left when one fails."""
    lines = ['scene,opt,sar', 'a,in/alps/opt.tif,in/alps/sar.tif']
    lines += ['bad,,nope.tif', 'c,in/berlin/opt.tif,']
    (tmp_path / 'list.csv').write_text('\n'.join(lines))
    words = [checkpoint, '--scenes', 'list.csv', '--out', 'maps/{scene}.tif']
    words += ['--crop', '64', '--device', 'cpu']
    place = dict(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(free_port()))
    with pytest.raises(torch_processes.ProcessExitedException):
        torch_processes.start_processes(
            map_share,
            (words, place, tmp_path),
            nprocs=2,
            start_method='fork',
        )
    said = [(tmp_path / f'said-{rank}').read_text() for rank in range(2)]
    for name in 'ac':
        with rasterio.open(f'maps/{name}.tif') as file:
            assert file.read(1).min() < 4
    assert '2/2 c: maps/c.tif in ' in said[0]
    assert said[0].splitlines()[-1] == 'Not mapped: bad'
    assert '1/1 bad: nope.tif does not exist' in said[1]
    assert 'Not mapped' not in said[1]
    assert (tmp_path / 'code-1').read_text() == '1'


def test_processes_that_cannot_find_each_other(
    checkpoint, scenes, monkeypatch
):
    monkeypatch.setenv('WORLD_SIZE', '2')
    monkeypatch.delenv('MASTER_ADDR', raising=False)
    words = ['--raster', 'opt=in/{scene}/opt.tif', '--out', '{scene}.tif']
    with pytest.raises(ValueError, match='no RANK, MASTER_ADDR.* torchrun'):
        main([checkpoint, *words, '--device', 'cpu'])
