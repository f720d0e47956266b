"""Tiles and a model whose measures are known for every subset."""

from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch.utils.data import DataLoader

from multimodal_rs.evaluation.confusion import confusion_matrix, summarize

CLASSES = ('forest', 'water', 'road')
SIZE = (6, 5)


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


def make_runner(
    work_dir: Path,
    dataset: TileDataset | None = None,
    evaluator: object = None,
    model: BaseModel | None = None,
    collate_fn=pseudo_collate,
    sampler: object = None,
    **loop: object,
) -> Runner:
    """Build a runner whose test loop goes through the subsets."""
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


def check_measures(metrics: dict, dataset: TileDataset) -> None:
    """The measures of every subset, and of all modalities, are right."""
    for key in ('opt+sar', 'opt', 'sar'):
        for name, value in _expected(key.split('+'), dataset).items():
            assert metrics[f'{key}/{name}'] == value, (key, name)
    for name, value in _expected(('opt', 'sar'), dataset).items():
        assert metrics[name] == value, name
