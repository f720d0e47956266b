"""What numbers the training files had travels with the weights."""

from collections.abc import Mapping

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch.utils.data import Dataset

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.file_range import (
    FILE_RANGE,
    HIGH,
    LOW,
    PERCENTILES,
    ValueSketch,
    file_numbers,
    with_file_range,
)
from multimodal_rs.datasets.io.raster import raster_exists
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.reading import at_pixels, read_layer

TILES = 64  # of the training list, evenly spread
STEP = 4  # every fourth row and column of them


@HOOKS.register_module()
class FileRangeHook(Hook):
    """Keep the usual numbers of the training files in every checkpoint.

    A modality that declares ``file_range`` needs nothing; of the others the
    percentiles of some training tiles are measured before training. Whoever
    tests the checkpoint, or maps scenes with it, is warned of files far from
    them. Datasets of other kinds are left alone.
    """

    def __init__(self) -> None:
        self.ranges: dict[str, list] = {}

    def before_train(self, runner: Runner) -> None:
        """Measure what nobody declared."""
        dataset = runner.train_dataloader.dataset
        self.ranges = {}
        if is_main_process() and isinstance(dataset, MultiModalSegDataset):
            self.ranges = {
                name: measured
                for name, modality in dataset.modalities.items()
                if modality.file_range is None
                and (measured := _measure(dataset, modality))
            }

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the ranges to the checkpoint."""
        checkpoint['meta'][FILE_RANGE] = self.ranges

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take the ranges out of a checkpoint."""
        self.ranges = checkpoint.get('meta', {}).get(FILE_RANGE, {})

    def before_test(self, runner: Runner) -> None:
        """Tell the test data what is usual, before workers start."""
        _tell(runner.test_dataloader.dataset, self.ranges)


def _tell(dataset: Dataset, ranges: Mapping[str, list]) -> None:
    if isinstance(dataset, MultiModalSegDataset):
        dataset.modalities = with_file_range(dataset.modalities, ranges)


def _measure(dataset: MultiModalSegDataset, modality: Modality) -> list | None:
    """Measure the range of one modality; None if it has no valid pixel."""
    sketch = ValueSketch(len(modality.bands))
    tiles = dataset.tiles
    for tile in tiles[:: max(len(tiles) // TILES, 1)]:
        path = tile['img_paths'][modality.name]
        if modality.optional and not raster_exists(path):
            continue
        reading = read_layer(path, modality).reading
        pixels = dataset.training_pixels(tile)
        if pixels is None:
            sketch.add(file_numbers(reading, modality, STEP))
        else:
            sketch.add(file_numbers(at_pixels(reading, pixels), modality))
    if not sketch.counts.any():
        return None
    values = sketch.percentiles(PERCENTILES).tolist()
    return [values[LOW], values[HIGH]]
