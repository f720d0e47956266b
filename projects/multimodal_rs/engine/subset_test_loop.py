"""Tests of a network with every subset of its modalities, in one pass."""

import copy
import os.path as osp
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import torch
from mmengine.dist import (
    broadcast_object_list,
    collect_results,
    is_main_process,
)
from mmengine.evaluator import Evaluator
from mmengine.logging import print_log
from mmengine.runner import Runner, TestLoop, autocast
from mmengine.structures import PixelData
from mmengine.utils import mkdir_or_exist
from mmseg.registry import LOOPS
from mmseg.structures import SegDataSample
from torch.utils.data import DataLoader

from multimodal_rs.evaluation.confusion import MEASURES
from multimodal_rs.evaluation.report import write_json
from multimodal_rs.utils.labels import IGNORED
from multimodal_rs.utils.tables import text_table, write_csv
from multimodal_rs.utils.wrappers import unwrapped

MOST_FOR_ALL = 4  # modalities: 15 subsets


@LOOPS.register_module()
class ModalitySubsetTestLoop(TestLoop):
    """Test with all modalities together and with chosen subsets of them.

    Every batch is loaded once and predicted once per subset, with the
    samples' ``present_modalities`` restricted to the subset. Each subset has
    its own evaluator. Hooks see each batch once, with the predictions from
    all modalities.

    A sample that has none of a subset's modalities does not count for that
    subset (its labels are ignored); the table says how many there were. A
    subset that no sample has any modality of gets an empty row.

    ``modality_subsets.json`` and ``modality_subsets.csv`` in the runner's log
    folder hold the table. The metrics of all modalities have the plain keys
    (``mIoU``); those of every subset also stand under ``<names>/``, joined by
    ``+`` (``opt+sar/mIoU``, ``opt/mIoU``). Files of a metric (``output_dir``,
    ``report_dir``) go to a sub-folder of the same name, except those of all
    modalities.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader | dict): Its dataset has
            ``metainfo['modalities']``, a dict with the declared names.
        evaluator (dict | list[dict]): Config, built once per subset.
        fp16 (bool): Predict in mixed precision.
        subsets (list[list[str]] | str, optional): Names of the modalities of
            each subset. ``'all'``: all 2^M - 1 of the M modalities that the
            network reads, the larger ones first; ``'single'``: each of them
            alone. None: ``'all'`` for up to four modalities, else
            ``'single'``. All together are always tested, first: all that the
            network reads, or, with lists, all of the data.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | Mapping,
        evaluator: Mapping | Sequence[Mapping],
        fp16: bool = False,
        subsets: Sequence[Sequence[str]] | str | None = None,
    ) -> None:
        _check_evaluator(evaluator)
        # Building an evaluator may write into its config.
        super().__init__(runner, dataloader, copy.deepcopy(evaluator), fp16)
        names = _declared_modalities(self.dataloader.dataset)
        if subsets is None or isinstance(subsets, str):
            read = getattr(unwrapped(runner.model), 'modalities', names)
            names = [name for name in names if name in read]
        self.subsets = resolve_subsets(subsets, names)
        self.evaluators = self._build_evaluators(evaluator)
        self.without = {key: [] for key in self.subsets}

    def run(self) -> dict:
        """Test once over the data.

        Returns:
            The metrics of all subsets.
        """
        self.runner.call_hook('before_test')
        self.runner.call_hook('before_test_epoch')
        self.runner.model.eval()
        self.without = {key: [] for key in self.subsets}
        for idx, data_batch in enumerate(self.dataloader):
            self.run_iter(idx, data_batch)
        metrics = self._evaluate(len(self.dataloader.dataset))
        self.runner.call_hook('after_test_epoch', metrics=metrics)
        self.runner.call_hook('after_test')
        return metrics

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: dict) -> None:
        """Predict and count one batch with every subset.

        Args:
            idx: Number of the batch.
            data_batch: ``inputs`` and ``data_samples``; not changed.
        """
        self.runner.call_hook(
            'before_test_iter', batch_idx=idx, data_batch=data_batch
        )
        outputs_of_all = None
        for key in self.subsets:
            outputs = self._predict(key, data_batch)
            self.evaluators[key].process(
                data_samples=outputs, data_batch=data_batch
            )
            if outputs_of_all is None:
                outputs_of_all = outputs
        self.runner.call_hook(
            'after_test_iter',
            batch_idx=idx,
            data_batch=data_batch,
            outputs=outputs_of_all,
        )

    def _build_evaluators(
        self, config: Mapping | Sequence[Mapping]
    ) -> dict[str, Evaluator]:
        evaluators = {}
        for number, key in enumerate(self.subsets):
            evaluator = self.evaluator
            if number:
                evaluator = self.runner.build_evaluator(copy.deepcopy(config))
                evaluator.dataset_meta = self.evaluator.dataset_meta
            folder = key if number else ''
            _redirect_files(evaluator, self.runner.log_dir, folder)
            evaluators[key] = evaluator
        return evaluators

    def _predict(self, key: str, data_batch: dict) -> list[SegDataSample]:
        samples = data_batch['data_samples']
        names = self.subsets[key]
        # A point of ours: hooks without this method are not asked.
        self.runner.call_hook('before_subset', names=names)
        batch = dict(data_batch, data_samples=_restrict(samples, names))
        with autocast(enabled=self.fp16):
            outputs = self.runner.model.test_step(batch)
        # With test-time augmentation there is a list of samples per view.
        views = isinstance(samples[0], Sequence)
        without = [
            not set(names) & set(_present(sample))
            for sample in (samples[0] if views else samples)
        ]
        self.without[key].extend(without)
        return [
            _ignore(output) if ignored else output
            for output, ignored in zip(outputs, without, strict=True)
        ]

    def _evaluate(self, size: int) -> dict:
        table = {}
        for number, (key, evaluator) in enumerate(self.evaluators.items()):
            without = _count(self.without[key], size)
            title = ' + '.join(self.subsets[key])
            if number and without == size:
                print_log(f'No sample has any of: {title}', logger='current')
                for metric in evaluator.metrics:
                    metric.results.clear()
                table[key] = (without, {})
                continue
            print_log(f'Tested with {title}', logger='current')
            table[key] = (without, evaluator.evaluate(size))
        if is_main_process():
            self._report(table, size)
        metrics = dict(next(iter(table.values()))[1])
        for key, (_, values) in table.items():
            metrics.update((f'{key}/{k}', v) for k, v in values.items())
        return metrics

    def _report(
        self, table: Mapping[str, tuple[int, dict]], size: int
    ) -> None:
        header = ['modalities', 'samples', 'samples_without', *MEASURES]
        rows = [
            [
                ' + '.join(self.subsets[key]),
                size - without,
                without,
                *(_measure(metrics, name) for name in MEASURES),
            ]
            for key, (without, metrics) in table.items()
        ]
        print_log(
            'Modality subsets\n' + text_table(header, rows), logger='current'
        )
        directory = self.runner.log_dir
        write_csv(osp.join(directory, 'modality_subsets.csv'), header, rows)
        content = {
            key: dict(
                modalities=self.subsets[key],
                samples=size - without,
                samples_without=without,
                metrics=metrics,
            )
            for key, (without, metrics) in table.items()
        }
        write_json(osp.join(directory, 'modality_subsets.json'), content)


def resolve_subsets(
    subsets: Sequence[Sequence[str]] | str | None, modalities: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Name the subsets to test, all modalities first.

    Args:
        subsets: Modality names per subset, ``'all'``, ``'single'`` or None,
            see :class:`ModalitySubsetTestLoop`.
        modalities: The declared names; they fix the order in a subset.

    Returns:
        Key (names joined by ``+``) -> names.

    Raises:
        TypeError: If a subset is not a list of names.
        KeyError: If a name is not declared.
        ValueError: If a subset is empty or names a modality or itself twice.
    """
    known = tuple(modalities)
    where = 'ModalitySubsetTestLoop: subsets'
    resolved = {}
    if subsets is None:
        subsets = 'all' if len(known) <= MOST_FOR_ALL else 'single'
    if subsets in ('all', 'single'):
        sizes = range(len(known), 0, -1) if subsets == 'all' else (1,)
        subsets = [c for n in sizes for c in combinations(known, n)]
    elif isinstance(subsets, str):
        raise ValueError(
            f"{where} must be 'all', 'single' or lists of modality names, got "
            f'{subsets!r}: choose one of them'
        )
    for subset in subsets:
        if isinstance(subset, str):
            raise TypeError(
                f'{where} must be lists of modality names, got {subset!r}: '
                f'write [{subset!r}]'
            )
        unknown = sorted(set(subset) - set(known))
        if unknown:
            raise KeyError(
                f'{where} name unknown modalities {unknown}; the dataset '
                f'declares {list(known)}'
            )
        names = tuple(name for name in known if name in subset)
        key = '+'.join(names)
        if not names or len(names) != len(subset) or key in resolved:
            raise ValueError(
                f'{where} must be different and not empty, got {subset} in '
                f'{subsets}: list every combination once'
            )
        resolved[key] = names
    resolved.pop('+'.join(known), None)
    return {'+'.join(known): known, **resolved}


def _check_evaluator(evaluator: object) -> None:
    configs = evaluator if isinstance(evaluator, Sequence) else [evaluator]
    if not all(isinstance(config, Mapping) for config in configs):
        raise TypeError(
            'ModalitySubsetTestLoop builds one evaluator per subset: '
            '`test_evaluator` must be a config dict or a list of them, got '
            f'{evaluator!r}'
        )


def _declared_modalities(dataset: object) -> list[str]:
    modalities = getattr(dataset, 'metainfo', {}).get('modalities')
    if not modalities:
        raise KeyError(
            "ModalitySubsetTestLoop needs metainfo['modalities'] of the "
            'dataset, a dict with the modality names as keys; '
            f'{type(dataset).__name__} has none: use a MultiModalSegDataset'
        )
    return list(modalities)


def _redirect_files(evaluator: Evaluator, log_dir: str, folder: str) -> None:
    for metric in evaluator.metrics:
        if getattr(metric, 'report_dir', '') is None:
            metric.report_dir = log_dir
        for attribute in ('output_dir', 'report_dir'):
            directory = getattr(metric, attribute, None)
            if folder and directory is not None:
                directory = osp.join(directory, folder)
                mkdir_or_exist(directory)
                setattr(metric, attribute, directory)


def _present(sample: SegDataSample) -> tuple[str, ...]:
    if 'present_modalities' not in sample.metainfo_keys():
        raise KeyError(
            'ModalitySubsetTestLoop needs `present_modalities` in the '
            f'metainfo of a sample, got {sorted(sample.metainfo_keys())}: add '
            'it to `meta_keys` of PackMultiModalInputs'
        )
    return sample.present_modalities


def _restrict(samples: Sequence, names: Sequence[str]) -> list:
    """Copy samples (or lists of them) as if they had only ``names``.

    A sample with none of them keeps what it has: its prediction is thrown
    away. Tensors are shared with the originals.
    """
    copies = []
    for sample in samples:
        if isinstance(sample, Sequence):
            copies.append(_restrict(sample, names))
            continue
        present = _present(sample)
        left = tuple(name for name in present if name in names)
        restricted = sample.new()
        restricted.set_metainfo({'present_modalities': left or present})
        copies.append(restricted)
    return copies


def _ignore(output: SegDataSample) -> SegDataSample:
    """Copy an output with all labels ignored and the prediction 0."""
    ignored = output.new()
    truth = torch.full_like(output.gt_sem_seg.data, IGNORED)
    prediction = torch.zeros_like(output.pred_sem_seg.data)
    ignored.gt_sem_seg = PixelData(data=truth)
    ignored.pred_sem_seg = PixelData(data=prediction)
    return ignored


def _count(flags: list[bool], size: int) -> int:
    """Count the true flags of all processes without padded duplicates."""
    # 'gpu' means without files; it works on any backend.
    collected = collect_results(flags, size, device='gpu')
    count = [None if collected is None else sum(collected)]
    broadcast_object_list(count)
    return count[0]


def _measure(metrics: Mapping[str, float], name: str) -> float:
    """Look a measure up, with or without a metric's prefix."""
    found = [v for k, v in metrics.items() if k.split('/')[-1] == name]
    return float(found[0]) if found else float('nan')
