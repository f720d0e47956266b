"""What the hook draws of a tile: pictures, their titles and the note."""

import numpy as np
import pytest
import torch
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.registry import DATASETS
from mmseg.structures import SegDataSample
from torch.nn.functional import pad

from drawn_tiles import SIZE, runner_config, the_hook
from multimodal_rs.visualization.hook import (
    MultiModalVisualizationHook,
    _upright_view,
    declared_modalities,
)


def test_modality_heads_are_drawn_beside_the_fused_one(data):
    config = runner_config(data, draw=True, interval=1)
    runner = Runner.from_cfg(config)
    runner.test()
    hook = the_hook(runner)
    titles = [p.title for p in hook.rows[0].pictures]
    assert titles[3:] == ['prediction', 'opt alone', 'sar alone', 'errors']
    drawn = [{p.title: p.pixels for p in r.pictures} for r in hook.rows]
    first, last = drawn[0], drawn[-1]
    assert not np.array_equal(first['opt alone'], first['sar alone'])
    assert not np.array_equal(first['opt alone'], first['prediction'])
    # the tile without sar: its head has not been asked, opt has answered
    assert last['sar alone'] is None
    np.testing.assert_array_equal(last['opt alone'], last['prediction'])
    assert (
        '(alone: opt ' in hook.rows[0].note and ', sar ' in hook.rows[0].note
    )


def test_single_predictions_are_those_of_the_subset(data):
    """The same digits as the table of the subsets has."""
    config = runner_config(data, draw=True, interval=1)
    config.test_cfg = dict(type='ModalitySubsetTestLoop', subsets=[['opt']])
    runner = Runner.from_cfg(config)
    metrics = runner.test()
    hook = the_hook(runner)
    shares = [float(r.note.split('opt ')[1].split('%')[0]) for r in hook.rows]
    assert np.mean(shares) == pytest.approx(100 - metrics['opt/OA'], abs=0.1)


def test_label_padded_for_the_network_is_cut(data):
    dataset = DATASETS.build(runner_config(data).val_dataloader.dataset)
    sample = dataset[4]
    output = sample['data_samples']
    output.pred_sem_seg = PixelData(data=output.gt_sem_seg.data.clone())
    padded = pad(output.gt_sem_seg.data, (0, 8, 0, 8), value=255)
    output.gt_sem_seg = PixelData(data=padded)
    inputs = {m: [x] for m, x in sample['inputs'].items()}
    hook = MultiModalVisualizationHook(draw=True, cell=SIZE)
    batch = dict(inputs=inputs, data_samples=[output])
    row = hook._row(dataset, batch, [output], 0)
    found = {p.title: p.pixels for p in row.pictures}
    assert row.title == 'area/tile4' and row.note == '0.0% wrong'
    assert found['sar'] is None
    np.testing.assert_array_equal(found['label'], found['prediction'])


def test_modalities_are_found_inside_wrappers(data):
    dataset = DATASETS.build(runner_config(data).val_dataloader.dataset)
    for wrapped in (
        dataset,
        RepeatDataset(dataset, 2),
        ConcatDataset([dataset, dataset]),
    ):
        assert list(declared_modalities(wrapped)) == ['opt', 'sar']
    with pytest.raises(TypeError, match='got list without `modalities`'):
        declared_modalities([])


def test_augmented_views_are_drawn_upright():
    def view(value, flip):
        sample = SegDataSample(metainfo=dict(flip=flip))
        return dict(opt=[torch.full((1, 2, 2), value)]), [sample]

    views = [view(1.0, True), view(2.0, False), view(3.0, False)]
    inputs, samples = map(list, zip(*views, strict=True))
    batch = dict(inputs=inputs, data_samples=samples)
    assert _upright_view(batch)[0]['opt'][0][0, 0, 0] == 2
    batch = dict(inputs=inputs[:1], data_samples=samples[:1])
    assert _upright_view(batch)[0]['opt'][0][0, 0, 0] == 1
    batch = dict(inputs=inputs[0], data_samples=samples[0])
    assert _upright_view(batch) == (inputs[0], samples[0])
