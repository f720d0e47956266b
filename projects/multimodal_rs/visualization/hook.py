"""Pictures of predictions, drawn while validating and testing."""

import logging
import os.path as osp
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample
from torch.utils.data import Dataset

from multimodal_rs.utils.wrappers import unwrapped
from multimodal_rs.visualization.panel import (
    Row,
    contact_sheet,
    fit,
    save_png,
    share_wrong,
    tile_row,
)

CHOICES = ('every', 'worst', 'best')


@HOOKS.register_module()
class MultiModalVisualizationHook(Hook):
    """Draw modalities, label, predictions and errors of some tiles.

    Where the network has a head for each of several modalities, what they
    predict alone stands beside the fused prediction.

    In the place of mmseg's ``SegVisualizationHook``, which reads every file as
    an 8-bit photograph:
    ``default_hooks = dict(visualization=dict(type=...))``. The switches of
    mmseg's ``tools/test.py`` (``--show``, ``--show-dir``, ``--wait-time``) set
    its arguments.

    What is drawn: in validation the first sample of every ``interval``-th
    batch, in testing all its samples, both from the first batch on; or the
    tiles that are named; or, in testing, those with the most or the fewest
    wrong pixels, as many as the contact sheet has rows. The pictures go to
    all backends of the visualizer, ``LocalVisBackend`` writes
    ``vis_data/vis_image/<val|test>_<tile>_<iteration>.png``. After testing,
    ``vis_data/contact_sheet.png`` shows the first ones together; it also lies
    in the folder of the run, where the report finds it.

    With several processes, the first one draws what it predicts.

    Args:
        draw (bool): Whether to draw at all.
        interval (int): Batches between two drawn ones.
        tiles (Sequence[str], optional): Draw exactly the tiles with these
            ``sample_id``, in validation and testing.
        chosen (str): ``'every'`` (of ``interval``), or in testing
            ``'worst'`` or ``'best'``, the extreme one first; tiles without
            labels do not count. Of several processes, the first one
            chooses among the tiles that it tests.
        show (bool): Also show each picture in a window.
        wait_time (float): Seconds that it stays; 0: until a key is pressed.
        sheet_rows (int): Tiles on the contact sheet; 0: no sheet.
        cell (int): Longest side of a picture in pixels.
    """

    def __init__(
        self,
        draw: bool = False,
        interval: int = 50,
        tiles: Sequence[str] | None = None,
        chosen: str = 'every',
        show: bool = False,
        wait_time: float = 0.0,
        sheet_rows: int = 6,
        cell: int = 384,
    ) -> None:
        if isinstance(tiles, str):
            raise TypeError(
                'MultiModalVisualizationHook: tiles must be a list of sample '
                f'ids, got {tiles!r}: write [{tiles!r}]'
            )
        for name, value, least in (
            ('interval', interval, 1),
            ('sheet_rows', sheet_rows, 0),
            ('cell', cell, 16),
        ):
            if value < least:
                raise ValueError(
                    f'MultiModalVisualizationHook: {name} must be at least '
                    f'{least}, got {value}'
                )
        self._check_choice(chosen, tiles, sheet_rows)
        self.draw = draw
        self.interval = interval
        self.chosen = chosen
        self.tiles = None if tiles is None else frozenset(tiles)
        self.show = show
        self.wait_time = wait_time
        self.sheet_rows = sheet_rows
        self.cell = cell
        self.rows: list[Row] = []
        self.seen: set[str] = set()
        self.ranked: list[tuple[float, Row]] = []

    @staticmethod
    def _check_choice(
        chosen: str, tiles: Sequence[str] | None, sheet_rows: int
    ) -> None:
        where = 'MultiModalVisualizationHook: chosen'
        if chosen not in CHOICES:
            raise ValueError(
                f'{where} must be one of {CHOICES}, got {chosen!r}'
            )
        if chosen != 'every' and (tiles is not None or not sheet_rows):
            raise ValueError(
                f'{where}={chosen!r} draws as many tiles as the sheet has '
                f'rows, got tiles={tiles} and sheet_rows={sheet_rows}: leave '
                '`tiles` out and set `sheet_rows` to their number'
            )

    def before_test(self, runner: Runner) -> None:
        """Start a new contact sheet."""
        self.rows = []
        self.seen = set()
        self.ranked = []

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[SegDataSample] | None = None,
    ) -> None:
        """Draw a validation batch if it is its turn."""
        if self.draw and is_main_process():
            chosen = list(self._chosen(batch_idx, outputs))
            if self.tiles is None:
                chosen = chosen[:1]
            for i in chosen:
                row = self._drawn(runner, 'val', data_batch, outputs, i)
                self._publish(runner, row, 'val')

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[SegDataSample] | None = None,
    ) -> None:
        """Draw a test batch if it is its turn."""
        if not self.draw or not is_main_process():
            return
        if self.chosen != 'every':
            self._rank(runner, data_batch, outputs)
            return
        for i in self._chosen(batch_idx, outputs):
            row = self._drawn(runner, 'test', data_batch, outputs, i)
            self._publish(runner, row, 'test')
            self.seen.add(row.title)
            if len(self.rows) < self.sheet_rows:
                self.rows.append(row)

    def after_test_epoch(
        self, runner: Runner, metrics: Mapping | None = None
    ) -> None:
        """Write the contact sheet."""
        if not self.draw or not is_main_process():
            return
        for _, row in self.ranked:
            self._publish(runner, row, 'test')
            self.rows.append(row)
        missing = sorted((self.tiles or set()) - self.seen)
        if missing:
            print_log(
                'MultiModalVisualizationHook: tiles not met while testing: '
                f'{missing}. Expected ids of the split list',
                logger='current',
                level=logging.WARNING,
            )
        if self.rows:
            dataset = runner.test_loop.dataloader.dataset
            sheet = self._sheet(dataset.metainfo, self.rows)
            for folder in _sheet_dirs(runner):
                target = osp.join(folder, 'contact_sheet.png')
                save_png(sheet, target)
                print_log(f'Wrote {target}', logger='current')

    def _chosen(
        self, batch_idx: int, outputs: Sequence[SegDataSample]
    ) -> Iterator[int]:
        """Positions in the batch that are drawn."""
        for i, output in enumerate(outputs):
            if self.tiles is None:
                if batch_idx % self.interval == 0:
                    yield i
            elif _tile(output) in self.tiles:
                yield i

    def _rank(
        self,
        runner: Runner,
        data_batch: Mapping,
        outputs: Sequence[SegDataSample],
    ) -> None:
        """Keep the tiles of a batch that belong to the worst or best."""
        sign = -1 if self.chosen == 'worst' else 1
        for i, output in enumerate(outputs):
            error = self._error(output)
            if error is None:
                continue
            full = len(self.ranked) >= self.sheet_rows
            if full and sign * error >= self.ranked[-1][0]:
                continue
            row = self._drawn(runner, 'test', data_batch, outputs, i)
            self.ranked.append((sign * error, row))
            self.ranked.sort(key=lambda entry: entry[0])
            del self.ranked[self.sheet_rows :]

    def _error(self, output: SegDataSample) -> float | None:
        """How wrong a tile is; None: that cannot be known."""
        prediction = output.pred_sem_seg.data[0].cpu().numpy()
        label = _label(output, prediction.shape)
        return None if label is None else share_wrong(label, prediction)

    def _drawn(
        self,
        runner: Runner,
        mode: str,
        data_batch: Mapping,
        outputs: Sequence[SegDataSample],
        position: int,
    ) -> Row:
        dataset = getattr(runner, f'{mode}_loop').dataloader.dataset
        alone = self._alone(runner, data_batch, position)
        return self._row(dataset, data_batch, outputs, position, alone)

    def _alone(
        self, runner: Runner, data_batch: Mapping, position: int
    ) -> Mapping[str, np.ndarray | None]:
        """Let each modality head answer alone, if there are several.

        Returns:
            Name -> (H, W) train ids; None: the tile lacks the modality.
        """
        model = unwrapped(runner.model)
        heads = list(getattr(model, 'modality_heads', None) or ())
        if len(heads) < 2:
            return {}
        inputs, samples = _upright_view(data_batch)
        seen = samples[position]
        present = seen.metainfo.get('present_modalities', heads)
        answers = dict.fromkeys(heads)
        for name in heads:
            if name not in present or name not in inputs:
                continue
            sample = seen.new()  # the answer must not replace the fused one
            sample.set_metainfo(dict(present_modalities=(name,)))
            batch = dict(
                inputs={name: [inputs[name][position]]}, data_samples=[sample]
            )
            with torch.no_grad():
                (answer,) = model.test_step(batch)
            answers[name] = answer.pred_sem_seg.data[0].cpu().numpy()
        return answers

    def _row(
        self,
        dataset: Dataset,
        data_batch: Mapping,
        outputs: Sequence[SegDataSample],
        position: int,
        alone: Mapping[str, np.ndarray | None] | None = None,
    ) -> Row:
        output = outputs[position]
        modalities = declared_modalities(dataset)
        present = output.metainfo.get('present_modalities', modalities)
        inputs, _ = _upright_view(data_batch)
        prediction = output.pred_sem_seg.data[0].cpu().numpy()
        label = _label(output, prediction.shape)
        row = tile_row(
            _tile(output),
            {
                name: inputs[name][position].cpu().numpy().astype(np.float32)
                for name in modalities
                if name in present and name in inputs
            },
            modalities,
            dataset.metainfo['palette'],
            label,
            prediction,
            alone=alone,
        )
        return fit(row, self.cell)

    def _publish(self, runner: Runner, row: Row, mode: str) -> None:
        dataset = getattr(runner, f'{mode}_loop').dataloader.dataset
        image = self._sheet(dataset.metainfo, [row])
        # A tile id may hold directories, a picture's name must not.
        name = f'{mode}_' + re.sub(r'[^\w.+-]', '_', row.title)
        if self.show:
            runner.visualizer.show(
                image, win_name=name, wait_time=self.wait_time
            )
        # Of a runner that only tests, asking for `iter` builds the training
        # loop, and needs its data.
        step = runner.iter if mode == 'val' else 0
        runner.visualizer.add_image(name, image, step)

    def _sheet(self, metainfo: Mapping, rows: Sequence[Row]) -> np.ndarray:
        return contact_sheet(
            rows, metainfo['classes'], metainfo['palette'], cell=self.cell
        )


def declared_modalities(dataset: Dataset) -> dict:
    """Find the modalities of a dataset inside its wrappers.

    Args:
        dataset: A ``MultiModalSegDataset``, or a wrapper that has it, or
            several that declare the same, in ``dataset`` or ``datasets``.

    Raises:
        TypeError: If there is none.
    """
    inner = dataset
    while not hasattr(inner, 'modalities'):
        if hasattr(inner, 'dataset'):
            inner = inner.dataset
        elif getattr(inner, 'datasets', None):
            inner = inner.datasets[0]
        else:
            raise TypeError(
                'pictures need the modalities of a MultiModalSegDataset, got '
                f'{type(dataset).__name__} without `modalities`: use one, or '
                'set draw=False'
            )
    return inner.modalities


def _tile(output: SegDataSample) -> str:
    return str(output.metainfo.get('sample_id', 'tile'))


def _label(output: SegDataSample, shape: tuple[int, int]) -> np.ndarray | None:
    """Get the (H, W) train ids of a tile, if it has any.

    The preprocessor pads labels at the bottom and right.
    """
    if 'gt_sem_seg' not in output:
        return None
    height, width = shape
    return output.gt_sem_seg.data[0].cpu().numpy()[:height, :width]


def _upright_view(data_batch: Mapping) -> tuple[Mapping, Sequence]:
    """Get images and samples as loaded; of test-time augmentation, one view.

    Args:
        data_batch: ``inputs`` is a dict name -> list of (C, H, W), or a list
            of such dicts, one per view; ``data_samples`` likewise.
    """
    inputs, samples = data_batch['inputs'], data_batch['data_samples']
    if isinstance(inputs, Mapping):
        return inputs, samples
    views = [*zip(inputs, samples, strict=True)]
    for view in views:
        if not view[1][0].metainfo.get('flip', False):
            return view
    return views[0]


def _sheet_dirs(runner: Runner) -> list[str]:
    """Where the local backend writes, and the run's own folder.

    The former, of ``--show-dir``, may be that of several runs.
    """
    visualizer = runner.cfg.get('visualizer') or {}
    bases = dict.fromkeys(
        (visualizer.get('save_dir') or runner.log_dir, runner.log_dir)
    )
    return [osp.join(base, 'vis_data') for base in bases]
