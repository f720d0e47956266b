"""Pictures of predictions, drawn while validating and testing."""

import logging
import os.path as osp
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample
from torch.utils.data import Dataset

from multimodal_rs.visualization.panel import (
    Row,
    contact_sheet,
    fit,
    save_png,
    tile_row,
)


@HOOKS.register_module()
class MultiModalVisualizationHook(Hook):
    """Draw modalities, label, prediction and errors of some tiles.

    In the place of mmseg's ``SegVisualizationHook``, which reads every file as
    an 8-bit photograph:
    ``default_hooks = dict(visualization=dict(type=...))``. The switches of
    mmseg's ``tools/test.py`` (``--show``, ``--show-dir``, ``--wait-time``) set
    its arguments.

    What is drawn: in validation the first sample of every ``interval``-th
    batch, in testing all its samples, both from the first batch on; or the
    tiles that are named. The pictures go to all backends of the visualizer,
    ``LocalVisBackend`` writes
    ``vis_data/vis_image/<val|test>_<tile>_<iteration>.png``. After testing,
    ``vis_data/contact_sheet.png`` shows the first ones together.

    With several processes, the first one draws what it predicts.

    Args:
        draw (bool): Whether to draw at all.
        interval (int): Batches between two drawn ones.
        tiles (Sequence[str], optional): Draw exactly the tiles with these
            ``sample_id``, in validation and testing.
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
        self.draw = draw
        self.interval = interval
        self.tiles = None if tiles is None else frozenset(tiles)
        self.show = show
        self.wait_time = wait_time
        self.sheet_rows = sheet_rows
        self.cell = cell
        self.rows: list[Row] = []
        self.seen: set[str] = set()

    def before_test(self, runner: Runner) -> None:
        """Start a new contact sheet."""
        self.rows = []
        self.seen = set()

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
            dataset = runner.val_loop.dataloader.dataset
            for i in chosen:
                row = self._row(dataset, data_batch, outputs, i)
                self._publish(runner, row, 'val')

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[SegDataSample] | None = None,
    ) -> None:
        """Draw a test batch if it is its turn."""
        if self.draw and is_main_process():
            dataset = runner.test_loop.dataloader.dataset
            for i in self._chosen(batch_idx, outputs):
                row = self._row(dataset, data_batch, outputs, i)
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
            target = osp.join(_picture_dir(runner), 'contact_sheet.png')
            save_png(self._sheet(dataset.metainfo, self.rows), target)
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

    def _row(
        self,
        dataset: Dataset,
        data_batch: Mapping,
        outputs: Sequence[SegDataSample],
        position: int,
    ) -> Row:
        output = outputs[position]
        modalities = declared_modalities(dataset)
        present = output.metainfo.get('present_modalities', modalities)
        inputs = _upright_inputs(data_batch)
        prediction = output.pred_sem_seg.data[0].cpu().numpy()
        label = None
        if 'gt_sem_seg' in output:
            # the preprocessor pads labels at the bottom and right
            height, width = prediction.shape
            padded = output.gt_sem_seg.data[0].cpu().numpy()
            label = padded[:height, :width]
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
        runner.visualizer.add_image(name, image, runner.iter)

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


def _upright_inputs(data_batch: Mapping) -> Mapping:
    """Get the images as loaded; with test-time augmentation, a view of them.

    Args:
        data_batch: ``inputs`` is a dict name -> list of (C, H, W), or a list
            of such dicts, one per view.
    """
    inputs = data_batch['inputs']
    if isinstance(inputs, Mapping):
        return inputs
    views = zip(inputs, data_batch['data_samples'], strict=True)
    for view, samples in views:
        if not samples[0].metainfo.get('flip', False):
            return view
    return inputs[0]


def _picture_dir(runner: Runner) -> str:
    """Where the visualizer's local backend writes."""
    visualizer = runner.cfg.get('visualizer') or {}
    base = visualizer.get('save_dir') or runner.log_dir
    return osp.join(base, 'vis_data')
