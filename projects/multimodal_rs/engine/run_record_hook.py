"""Facts that a run knows about itself, for its record."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmseg.registry import HOOKS
from torch import Tensor

from multimodal_rs.evaluation.report import write_json
from multimodal_rs.results.environment import (
    device_name,
    peak_memory,
    reset_peak_memory,
    versions,
)
from multimodal_rs.results.runs import TESTING, TRAINING
from multimodal_rs.utils.wrappers import unwrapped

# Key in a checkpoint: how long training has taken so far.
SECONDS = 'training_seconds'


@HOOKS.register_module()
class RunRecordHook(Hook):
    """Write down what training and testing took and measured.

    ``training.json`` in the work directory, written when training ends: wall
    clock (with validations; a resumed run goes on counting from its
    checkpoint, and if that does not say, seconds are null), epochs and
    iterations, peak memory of the last process, size of an input, split
    lists, device, versions. ``testing.json``, when a test ends: the metrics
    of each subset of modalities, wall clock, what the network reads, number
    of parameters. ``tools/run_seeds.py`` adds the hook to its runs and makes
    their records from both files.

    Works with any loop. Of a test loop without ``subsets`` all metrics stand
    under all modalities together; data without declared modalities have one
    that is called ``all``.
    """

    # Before CheckpointHook, and before a resumed run repeats a validation.
    priority = 'LOW'

    def __init__(self) -> None:
        self.before: float | None = 0.0
        self.start = 0.0
        self.input_size: dict[str, list[int]] | None = None
        self.loaded: Mapping = {}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep how long the run had taken until this checkpoint."""
        self.loaded = {SECONDS: checkpoint.get(SECONDS)}

    def before_train(self, runner: Runner) -> None:
        """Start the clock."""
        # A checkpoint that is loaded for its weights does not count.
        resumed = runner.iter > 0
        self.before = self.loaded.get(SECONDS) if resumed else 0.0
        self.start = time.perf_counter()
        reset_peak_memory()

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Note the size of the first image."""
        if self.input_size is None and isinstance(data_batch, Mapping):
            self.input_size = _sizes(data_batch.get('inputs'))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Write the time so far into the checkpoint."""
        checkpoint[SECONDS] = self._seconds()

    def after_train(self, runner: Runner) -> None:
        """Write training.json."""
        if not is_main_process():
            return
        by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
        memory, owner = peak_memory()
        content = dict(
            seconds=self._seconds(),
            epochs=runner.epoch if by_epoch else None,
            iterations=runner.iter,
            memory_mib=memory,
            memory_of=owner,
            input_size=self.input_size,
            split=split_lists(runner.cfg),
            device=device_name(),
            versions=versions(),
        )
        write_json(Path(runner.work_dir, TRAINING), content)

    def before_test(self, runner: Runner) -> None:
        """Start the clock."""
        self.start = time.perf_counter()

    def after_test_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Write testing.json."""
        if not is_main_process():
            return
        dataset = runner.test_dataloader.dataset
        declared = getattr(dataset, 'metainfo', {}).get('modalities') or {}
        model = unwrapped(runner.model)
        read = getattr(model, 'modalities', None) or tuple(declared)
        bands = {m: list(declared[m]['bands']) for m in read if m in declared}
        subsets = getattr(runner.test_loop, 'subsets', None)
        content = dict(
            seconds=time.perf_counter() - self.start,
            dataset=type(dataset).__name__,
            modalities=bands,
            parameters=sum(p.numel() for p in model.parameters()),
            metrics=by_subset(metrics or {}, tuple(bands), subsets),
        )
        write_json(Path(runner.work_dir, TESTING), content)

    def _seconds(self) -> float | None:
        if self.before is None:
            return None
        return self.before + time.perf_counter() - self.start


def by_subset(
    metrics: Mapping[str, float],
    read: Sequence[str],
    subsets: Mapping[str, Sequence[str]] | None,
) -> dict[str, dict[str, float]]:
    """Sort the metrics of a test by what it was tested with.

    Args:
        metrics: As the test loop returns them.
        read: Modalities that the network reads; a subset of the data's.
        subsets: Of a :class:`ModalitySubsetTestLoop`: key -> modalities.
            None: the loop has tested everything together.

    Returns:
        Modalities that the network reads, joined by ``+`` -> metrics. A
        subset that gives the network the same as another one stands once.
    """
    if subsets is None:
        return {'+'.join(read) or 'all': dict(metrics)}
    found = {}
    for key, names in subsets.items():
        left = '+'.join(m for m in names if m in read)
        start = f'{key}/'
        values = {
            name.removeprefix(start): value
            for name, value in metrics.items()
            if name.startswith(start)
        }
        if left and (left not in found or left == key):
            found[left] = values
    return found


def split_lists(cfg: Mapping) -> dict[str, str | None]:
    """Find the split lists in a config, also of wrapped data sets."""
    lists = {}
    for part in ('train', 'val', 'test'):
        loader = cfg.get(f'{part}_dataloader') or {}
        dataset = loader.get('dataset') or {}
        while 'dataset' in dataset:
            dataset = dataset['dataset']
        lists[part] = dataset.get('ann_file') or None
    return lists


def _sizes(inputs: object) -> dict[str, list[int]] | None:
    """Say (C, H, W) of the first image; None if it is no dict of lists."""
    if not isinstance(inputs, Mapping):
        return None
    first = {name: maps[0] for name, maps in inputs.items()}
    if not all(isinstance(x, Tensor) for x in first.values()):
        return None
    return {name: list(x.shape) for name, x in first.items()}
