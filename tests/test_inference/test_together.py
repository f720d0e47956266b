"""Processes that share a scene make the map of one, bit for bit."""

import os
import signal
import time

import numpy as np
import pytest
import rasterio
import torch
import torch.multiprocessing as torch_processes
from torch import distributed

from multimodal_rs.apis import SceneMapper
from multimodal_rs.apis.outputs import SceneOutputs
from multimodal_rs.inference.pieces import Pieces, piece_folder
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.together import Together
from multimodal_rs.inference.windowed import (
    Windows,
    network_modalities,
    predict_rows,
)
from small_network import CLASSES, PALETTE


@pytest.mark.parametrize('count', [2, 3, 7])
@pytest.mark.parametrize(
    ('height', 'crop', 'stride'), [(90, 32, 16), (90, 16, 16), (20, 64, 9)]
)
def test_parts_are_rows_of_the_whole(
    model, make_scene, count, height, crop, stride
):
    def edit(data):
        data['sar'][:, 5:12, 10:] = np.nan
        data['opt'][:, 9:15, :20] = 0

    rasters = make_scene(height, 40, edit=edit)
    windows = Windows(crop, stride, 3)

    def predict(part=None):
        with SceneRasters(rasters, network_modalities(model)) as scene:
            found = predict_rows(model, scene, 4, windows, part=part)
            rows = list(found)
        chances = [np.stack([*r.probabilities(), r.seen]) for r in rows]
        first = 0 if part is None else part[0]
        assert rows[0].top == first
        return np.concatenate(chances, axis=1)

    whole = predict()
    parts = [Together(rank, count).rows(height) for rank in range(count)]
    assert parts[0][0] == 0 and parts[-1][1] == height
    together = [predict(part) for part in parts]
    np.testing.assert_array_equal(np.concatenate(together, axis=1), whole)
    with pytest.raises(ValueError, match='9 processes share .* of 8 rows'):
        Together(3, 9).rows(8)


def map_part(rank, count, meeting, mapper, rasters, outputs, killed=None):
    torch.set_num_threads(1)
    if rank == killed:
        kill_after(mapper.model, 6, finished_rows(outputs))
    distributed.init_process_group(
        'gloo', init_method=f'file://{meeting}', rank=rank, world_size=count
    )
    mapper.make(rasters, outputs, together=Together(rank, count))
    distributed.destroy_process_group()


def finished_rows(outputs):
    return Pieces(piece_folder(outputs.out), (700, 40), bands=1)


def kill_after(model, calls, pieces):
    """Kill this process, as a machine that runs out of memory does.

    The other one has finished its rows by then: who starts processes ends
    those that are left, which may still be at work on a busy machine.
    """
    left = [calls]
    encode = model.encode_decode

    def encode_decode(*arguments):
        left[0] -= 1
        if left[0] == 0:
            while pieces.missing(0, 350):
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
        return encode(*arguments)

    model.encode_decode = encode_decode


TALKS = pytest.mark.skipif(
    not distributed.is_available(), reason='this torch has no distributed'
)


@TALKS
def test_one_process_goes_on_with_the_rows_of_two(
    model, make_scene, tmp_path, caplog
):
    """One of them is killed in its last rows, the other one waits for it."""
    model.dataset_meta = dict(classes=CLASSES, palette=PALETTE)
    model.checkpoint_identity = dict(checkpoint='a.pth', checkpoint_sha256='1')
    mapper = SceneMapper(model, crop=64, batch_size=2)
    rasters = make_scene(700, 40)
    whole, killed = (
        SceneOutputs(tmp_path / name / 'map.tif') for name in ('one', 'two')
    )
    mapper.make(rasters, whole)
    with pytest.raises(torch_processes.ProcessExitedException):
        torch_processes.start_processes(
            map_part,
            (2, tmp_path / 'meeting', mapper, rasters, killed, 1),
            nprocs=2,
            start_method='fork',
        )
    left = finished_rows(killed).missing(0, 700)
    assert left and left[0][0] >= 350
    caplog.clear()
    mapper.make(rasters, killed, resume=True)
    done = 700 - sum(end - top for top, end in left)
    assert f'goes on after {done} of 700 rows' in caplog.text
    with rasterio.open(whole.out) as one, rasterio.open(killed.out) as two:
        np.testing.assert_array_equal(two.read(), one.read())
    names = [sorted(os.listdir(x.out.parent)) for x in (whole, killed)]
    assert names[0] == names[1]


@TALKS
def test_two_processes_write_the_files_of_one(model, make_scene, tmp_path):
    model.dataset_meta = dict(classes=CLASSES, palette=PALETTE)
    mapper = SceneMapper(model, crop=64)
    rasters = make_scene(600, 70)
    outputs = [
        SceneOutputs(folder / 'map.tif', confidence=folder / 'sure.tif')
        for folder in (tmp_path / 'one', tmp_path / 'two')
    ]
    mapper.make(rasters, outputs[0])
    torch_processes.start_processes(
        map_part,
        (2, tmp_path / 'meeting', mapper, rasters, outputs[1]),
        nprocs=2,
        start_method='fork',
    )
    names = [sorted(p.name for p in o.out.parent.iterdir()) for o in outputs]
    assert names[0] == names[1] and len(names[0]) == 3
    for name in ('out', 'confidence'):
        with (
            rasterio.open(getattr(outputs[0], name)) as one,
            rasterio.open(getattr(outputs[1], name)) as two,
        ):
            np.testing.assert_array_equal(two.read(), one.read())
            assert two.overviews(1) == one.overviews(1)
            dated = one.tags() | dict(date='')
            assert two.tags() | dict(date='') == dated
