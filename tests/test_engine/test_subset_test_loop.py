"""The test loop scores each subset of the modalities on its own."""

import csv
import json
import math
import os
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp
from mmengine.dataset import pseudo_collate
from mmengine.model import MMDistributedDataParallel
from mmseg.models.segmentors import SegTTAModel
from torch.utils.data import DistributedSampler

from multimodal_rs.engine import subset_test_loop
from subset_cases import (
    FirstPresentModel,
    TileDataset,
    check_measures,
    make_runner,
)

NO_DSM = {'opt': {}, 'sar': {}, 'dsm': {}}  # declared, but in no tile


def test_each_subset_has_its_own_score(tmp_path: Path) -> None:
    dataset = TileDataset()
    metrics = make_runner(tmp_path, dataset).test()
    check_measures(metrics, dataset)
    assert metrics['opt/mIoU'] > metrics['sar/mIoU'] + 10
    assert metrics['opt+sar/IoU.water'] == metrics['IoU.water']


def test_model_sees_the_restricted_presence_only(tmp_path: Path) -> None:
    dataset = TileDataset()
    before = [t['data_samples'].to_dict() for t in dataset]
    runner = make_runner(tmp_path, dataset)
    runner.test()
    both, opt, sar = ('opt', 'sar'), ('opt',), ('sar',)
    assert runner.model.calls == [
        *([both, both], [opt, opt], [sar, sar]),
        # Tile 3 has no SAR: predicted from what it has, but not counted.
        *([both, opt], [opt, opt], [sar, opt]),
        *([both], [opt], [sar]),
    ]
    after = [t['data_samples'].to_dict() for t in dataset]
    assert str(after) == str(before)


def test_report_files(tmp_path: Path) -> None:
    runner = make_runner(tmp_path)
    metrics = runner.test()
    assert runner.test() == metrics
    assert len(runner.test_loop.without['sar']) == 5  # not those of two runs
    folder = Path(runner.log_dir)
    text = (folder / 'modality_subsets.json').read_text()
    content = json.loads(text, parse_constant=pytest.fail)
    assert list(content) == ['opt+sar', 'opt', 'sar']
    assert content['opt+sar']['modalities'] == ['opt', 'sar']
    assert [row['samples_without'] for row in content.values()] == [0, 0, 1]
    assert [row['samples'] for row in content.values()] == [5, 5, 4]
    assert content['sar']['metrics']['kappa'] == metrics['sar/kappa']
    with (folder / 'modality_subsets.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['modalities'] for row in rows] == ['opt + sar', 'opt', 'sar']
    assert list(rows[0]) == [
        *('modalities', 'samples', 'samples_without'),
        *('OA', 'kappa', 'mPA', 'mIoU', 'mF1', 'FWIoU'),
    ]
    assert rows[2]['samples_without'] == '1'
    assert float(rows[2]['FWIoU']) == metrics['sar/FWIoU']


def test_subsets_do_not_overwrite_each_other(tmp_path: Path) -> None:
    evaluator = dict(type='LandCoverMetric', output_dir=f'{tmp_path}/maps')
    runner = make_runner(tmp_path / 'run', evaluator=evaluator)
    metrics = runner.test()
    maps, reports = tmp_path / 'maps', Path(runner.log_dir)
    for key, folder in (('opt+sar', '.'), ('opt', 'opt'), ('sar', 'sar')):
        assert len(list((maps / folder).glob('*.png'))) == 5
        text = (reports / folder / 'land_cover.json').read_text()
        summary = json.loads(text)['summary']
        assert summary['OA'] == metrics[f'{key}/OA'], key
    assert not (maps / 'opt+sar').exists()
    # The config that was given is not changed.
    assert evaluator['output_dir'] == f'{tmp_path}/maps'


def test_report_dir_of_the_config_is_kept(tmp_path: Path) -> None:
    evaluator = dict(type='LandCoverMetric', report_dir=f'{tmp_path}/reports')
    runner = make_runner(tmp_path / 'run', evaluator=evaluator)
    runner.test()
    found = (tmp_path / 'reports').rglob('land_cover.json')
    assert {p.parent.name for p in found} == {'reports', 'opt', 'sar'}


def test_hooks_run_once_per_batch(tmp_path: Path) -> None:
    dataset, calls = TileDataset(), []
    runner = make_runner(tmp_path, dataset)
    call_hook = runner.call_hook

    def record(name: str, **arguments: object) -> None:
        calls.append((name, arguments))
        call_hook(name, **arguments)

    runner.call_hook = record
    metrics = runner.test()
    calls = [(name, args) for name, args in calls if 'test' in name]
    assert [name for name, _ in calls] == [
        *('before_test', 'before_test_epoch'),
        *('before_test_iter', 'after_test_iter') * 3,
        *('after_test_epoch', 'after_test'),
    ]
    assert calls[-2][1]['metrics'] is metrics
    before, after = (args for _, args in calls[4:6])
    assert before['batch_idx'] == after['batch_idx'] == 1
    assert after['data_batch'] is before['data_batch']
    # The predictions are those of all modalities.
    names = [output.sample_id for output in after['outputs']]
    assert names == ['tile2', 'tile3']
    assert after['outputs'][0].present_modalities == ('opt', 'sar')
    expected = dataset[2]['inputs']['opt'].long()
    assert torch.equal(after['outputs'][0].pred_sem_seg.data, expected)


def test_list_of_metrics(tmp_path: Path) -> None:
    evaluator = [
        dict(type='LandCoverMetric', prefix='map'),
        dict(type='CrossEntropyMetric'),
        # It makes its folder when it is built and gives numpy scalars.
        dict(type='IoUMetric', output_dir=f'{tmp_path}/maps'),
    ]
    runner = make_runner(tmp_path / 'run', evaluator=evaluator)
    metrics = runner.test()
    assert len(list((tmp_path / 'maps' / 'sar').glob('*.png'))) == 5
    assert metrics['sar/map/OA'] < metrics['opt/map/OA']
    assert (
        metrics['cross_entropy']
        == metrics['opt+sar/cross_entropy']
        < metrics['sar/cross_entropy']
    )
    # The table finds a measure behind a prefix.
    with (Path(runner.log_dir) / 'modality_subsets.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert float(rows[1]['OA']) == metrics['opt/map/OA']


def test_subset_that_no_sample_has(tmp_path: Path) -> None:
    dataset = TileDataset()
    for tile in dataset:
        tile['data_samples'].set_metainfo({'present_modalities': ('opt',)})
    runner = make_runner(tmp_path, dataset)
    metrics = runner.test()
    assert metrics['OA'] == metrics['opt/OA']
    assert not [key for key in metrics if key.startswith('sar/')]
    folder = Path(runner.log_dir)
    row = json.loads((folder / 'modality_subsets.json').read_text())['sar']
    assert (row['samples'], row['samples_without']) == (0, 5)
    with (folder / 'modality_subsets.csv').open(newline='') as file:
        assert math.isnan(float(list(csv.DictReader(file))[2]['OA']))
    # Nothing is left over for the next run.
    (metric,) = runner.test_loop.evaluators['sar'].metrics
    assert metric.results == []


def test_test_time_augmentation(tmp_path: Path) -> None:
    def two_views(batch: list[dict]) -> dict:
        # TestTimeAug gives lists, which are collated view by view.
        packed = [{k: [v, v] for k, v in tile.items()} for tile in batch]
        return pseudo_collate(packed)

    dataset = TileDataset()
    metrics = make_runner(
        tmp_path,
        dataset,
        model=SegTTAModel(module=FirstPresentModel()),
        collate_fn=two_views,
    ).test()
    check_measures(metrics, dataset)


def test_mixed_precision(tmp_path: Path) -> None:
    dataset = TileDataset()
    full = make_runner(tmp_path / 'full', dataset)
    mixed = make_runner(tmp_path / 'mixed', dataset, fp16=True)
    check_measures(full.test(), dataset)
    check_measures(mixed.test(), dataset)
    assert full.model.dtypes == {torch.float32}
    assert mixed.model.dtypes.isdisjoint({torch.float32})


def _test_in_process(rank: int, world_size: int, work_dir: Path) -> None:
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank))
    os.chdir(work_dir)  # mmengine collects results in a folder there
    torch.distributed.init_process_group(
        'gloo',
        init_method=f'file://{work_dir}/rendezvous',
        rank=rank,
        world_size=world_size,
    )
    if rank:
        subset_test_loop.write_csv = None  # the main process alone writes
    dataset = TileDataset()
    dataset.metainfo = {**dataset.metainfo, 'modalities': NO_DSM}
    metrics = make_runner(
        work_dir,
        dataset,
        model=MMDistributedDataParallel(FirstPresentModel()),
        sampler=DistributedSampler(dataset, shuffle=False),
        subsets=[['opt', 'sar'], ['opt'], ['sar'], ['dsm']],
    ).test()
    (work_dir / f'metrics{rank}.json').write_text(json.dumps(metrics))
    torch.distributed.destroy_process_group()


def test_two_processes_give_the_same_digits(tmp_path: Path) -> None:
    # 5 tiles on 2 processes: the sampler repeats the first.
    context = mp.start_processes(
        _test_in_process, (2, tmp_path), nprocs=2, start_method='fork'
    )
    assert context is None  # joined
    dataset = TileDataset()
    for rank in range(2):
        text = (tmp_path / f'metrics{rank}.json').read_text()
        check_measures(json.loads(text), dataset)
    (report,) = tmp_path.glob('*/modality_subsets.json')
    rows = json.loads(report.read_text())
    assert [row['samples'] for row in rows.values()] == [5, 5, 5, 4, 0]
