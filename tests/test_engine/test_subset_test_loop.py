"""Test with every subset of the modalities."""

import csv
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmengine.model import BaseModel, MMDistributedDataParallel
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.models.segmentors import SegTTAModel
from mmseg.structures import SegDataSample
from torch.utils.data import DataLoader, DistributedSampler

from multimodal_rs.engine import subset_test_loop
from multimodal_rs.engine.subset_test_loop import resolve_subsets
from multimodal_rs.evaluation.confusion import confusion_matrix, summarize
from multimodal_rs.evaluation.land_cover_metric import LandCoverMetric

CLASSES = ('forest', 'water', 'road')
SIZE = (6, 5)
NO_DSM = {'opt': {}, 'sar': {}, 'dsm': {}}  # declared, but in no tile


class TileDataset(list):
    """Each modality's band is a noisy class map; tile 3 has no SAR."""

    metainfo = {
        'classes': CLASSES,
        'palette': [[0, 0, 0], [1, 1, 1], [2, 2, 2]],
        'modalities': {'opt': {}, 'sar': {}},
    }

    def __init__(self) -> None:
        super().__init__(self._tile(number) for number in range(5))

    @staticmethod
    def _tile(number: int) -> dict:
        generator = torch.Generator().manual_seed(number)

        def draw(values: int) -> torch.Tensor:
            return torch.randint(0, values, (1, *SIZE), generator=generator)

        truth = draw(3)
        opt = torch.where(draw(10) < 2, draw(3), truth)
        sar = torch.where(draw(10) < 6, draw(3), truth)
        truth[:, 0, :number] = 255
        sample = SegDataSample(
            metainfo=dict(
                sample_id=f'tile{number}',
                img_path=f'opt/tile{number}.tif',
                present_modalities=('opt',) if number == 3 else ('opt', 'sar'),
            ),
            gt_sem_seg=PixelData(data=truth),
        )
        inputs = dict(opt=opt.float(), sar=sar.float())
        return dict(inputs=inputs, data_samples=sample)


class FirstPresentModel(BaseModel):
    """Answer with the class map of the first modality that is present."""

    def __init__(self) -> None:
        super().__init__()
        # A parameter, so that it can be wrapped for several processes.
        self.scale = torch.nn.Parameter(torch.ones(()))
        self.out_channels = 3
        self.calls: list[list[tuple[str, ...]]] = []
        self.dtypes: set[torch.dtype] = set()

    def forward(
        self, inputs: dict, data_samples: Sequence, mode: str = 'predict'
    ) -> list[SegDataSample]:
        """Predict as mmseg's segmentors do, into the samples given."""
        assert mode == 'predict'
        assert not torch.is_grad_enabled() and not self.training
        self.calls.append([s.present_modalities for s in data_samples])
        self.dtypes.add((self.scale.view(1, 1) @ torch.ones(1, 1)).dtype)
        for number, sample in enumerate(data_samples):
            name = sample.present_modalities[0]
            ids = inputs[name][number].long()
            logits = torch.nn.functional.one_hot(ids[0], 3).permute(2, 0, 1)
            sample.pred_sem_seg = PixelData(data=ids)
            sample.seg_logits = PixelData(data=logits * self.scale)
        return data_samples


def _runner(
    work_dir: Path,
    dataset: TileDataset | None = None,
    evaluator: object = None,
    model: BaseModel | None = None,
    collate_fn=pseudo_collate,
    sampler: object = None,
    **loop: object,
) -> Runner:
    loader = DataLoader(
        TileDataset() if dataset is None else dataset,
        batch_size=2,
        collate_fn=collate_fn,
        sampler=sampler,
    )
    return Runner(
        model=model or FirstPresentModel(),
        work_dir=str(work_dir),
        test_dataloader=loader,
        test_evaluator=evaluator or dict(type='LandCoverMetric'),
        test_cfg=dict(type='ModalitySubsetTestLoop', **loop),
        default_scope='mmseg',
        experiment_name=str(work_dir),
        log_level='WARNING',
    )


def _expected(names: Sequence[str], dataset: TileDataset) -> dict:
    """Compute the measures of what the model must answer from ``names``."""
    matrix = 0
    for tile in dataset:
        sample = tile['data_samples']
        left = [n for n in sample.present_modalities if n in names]
        if left:
            matrix = matrix + confusion_matrix(
                sample.gt_sem_seg.data, tile['inputs'][left[0]], 3
            )
    return {k: 100 * v for k, v in summarize(matrix).items()}


def _check(metrics: dict, dataset: TileDataset) -> None:
    for key in ('opt+sar', 'opt', 'sar'):
        for name, value in _expected(key.split('+'), dataset).items():
            assert metrics[f'{key}/{name}'] == value, (key, name)
    for name, value in _expected(('opt', 'sar'), dataset).items():
        assert metrics[name] == value, name


def test_each_subset_has_its_own_score(tmp_path: Path) -> None:
    dataset = TileDataset()
    metrics = _runner(tmp_path, dataset).test()
    _check(metrics, dataset)
    assert metrics['opt/mIoU'] > metrics['sar/mIoU'] + 10
    assert metrics['opt+sar/IoU.water'] == metrics['IoU.water']


def test_model_sees_the_restricted_presence_only(tmp_path: Path) -> None:
    dataset = TileDataset()
    before = [t['data_samples'].to_dict() for t in dataset]
    runner = _runner(tmp_path, dataset)
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
    runner = _runner(tmp_path)
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
    runner = _runner(tmp_path / 'run', evaluator=evaluator)
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
    runner = _runner(tmp_path / 'run', evaluator=evaluator)
    runner.test()
    found = (tmp_path / 'reports').rglob('land_cover.json')
    assert {p.parent.name for p in found} == {'reports', 'opt', 'sar'}


def test_hooks_run_once_per_batch(tmp_path: Path) -> None:
    dataset, calls = TileDataset(), []
    runner = _runner(tmp_path, dataset)
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
    runner = _runner(tmp_path / 'run', evaluator=evaluator)
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
    runner = _runner(tmp_path, dataset)
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
    metrics = _runner(
        tmp_path,
        dataset,
        model=SegTTAModel(module=FirstPresentModel()),
        collate_fn=two_views,
    ).test()
    _check(metrics, dataset)


def test_mixed_precision(tmp_path: Path) -> None:
    dataset = TileDataset()
    full = _runner(tmp_path / 'full', dataset)
    mixed = _runner(tmp_path / 'mixed', dataset, fp16=True)
    _check(full.test(), dataset)
    _check(mixed.test(), dataset)
    assert full.model.dtypes == {torch.float32}
    assert mixed.model.dtypes.isdisjoint({torch.float32})


def test_subsets_are_in_the_order_of_the_dataset() -> None:
    names = ('opt', 'sar', 'dsm')
    assert list(resolve_subsets(None, names)) == [
        'opt+sar+dsm',
        *('opt+sar', 'opt+dsm', 'sar+dsm'),
        *('opt', 'sar', 'dsm'),
    ]
    assert resolve_subsets('single', names) == {
        'opt+sar+dsm': names,
        'opt': ('opt',),
        'sar': ('sar',),
        'dsm': ('dsm',),
    }
    assert resolve_subsets([['dsm', 'opt'], names], names) == {
        'opt+sar+dsm': names,
        'opt+dsm': ('opt', 'dsm'),
    }
    assert resolve_subsets(None, ['opt']) == {'opt': ('opt',)}


def test_all_subsets_by_default_up_to_four_modalities() -> None:
    four, five = ('a', 'b', 'c', 'd'), ('a', 'b', 'c', 'd', 'e')
    assert len(resolve_subsets(None, four)) == 15
    assert len(resolve_subsets(None, five)) == 6
    assert len(resolve_subsets('all', five)) == 31


@pytest.mark.parametrize(
    ('subsets', 'error', 'message'),
    [
        ([['opt', 'dsm']], KeyError, r"\['dsm'\].*declares \['opt', 'sar'\]"),
        (['opt'], TypeError, r"got 'opt': write \['opt'\]"),
        ('every', ValueError, "'all', 'single' or lists .* got 'every'"),
        ([[]], ValueError, r'not empty, got \[\]'),
        ([['opt', 'opt']], ValueError, r"got \['opt', 'opt'\]"),
        ([['sar'], ['sar']], ValueError, r"got \['sar'\] in"),
    ],
)
def test_wrong_subsets_fail_before_the_first_batch(
    tmp_path: Path, subsets: list, error: type, message: str
) -> None:
    runner = _runner(tmp_path, subsets=subsets)
    with pytest.raises(error, match=message):
        runner.test()
    assert runner.model.calls == []


def test_dataset_without_modalities(tmp_path: Path) -> None:
    dataset = TileDataset()
    dataset.metainfo = {'classes': CLASSES}
    runner = _runner(tmp_path, dataset)
    with pytest.raises(KeyError, match='TileDataset has none'):
        runner.test()


def test_sample_without_presence(tmp_path: Path) -> None:
    dataset = TileDataset()
    sample = dataset[1]['data_samples']
    del sample.present_modalities
    with pytest.raises(KeyError, match='add it to `meta_keys`'):
        _runner(tmp_path, dataset).test()


@pytest.mark.parametrize(
    'evaluator', [Evaluator(LandCoverMetric()), [LandCoverMetric()]]
)
def test_built_evaluator_is_refused(tmp_path: Path, evaluator) -> None:
    with pytest.raises(TypeError, match='config dict or a list of them'):
        _runner(tmp_path, evaluator=evaluator).test()


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
    metrics = _runner(
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
        _check(json.loads(text), dataset)
    (report,) = tmp_path.glob('*/modality_subsets.json')
    rows = json.loads(report.read_text())
    assert [row['samples'] for row in rows.values()] == [5, 5, 5, 4, 0]
