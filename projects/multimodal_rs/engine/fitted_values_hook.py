"""Numbers of the training pixels that steps of ``values`` need elsewhere."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch.utils.data import Dataset

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.fits import steps_of
from multimodal_rs.utils.wrappers import unwrapped_datasets


@HOOKS.register_module()
class FittedValuesHook(Hook):
    """Validate and test with the numbers that the network is trained with.

    Steps of ``values`` such as ``PCA`` are measured on training pixels. A
    checkpoint holds the numbers in the declarations of its training data. A
    validation reads its data with those of the training, a test with those of
    the checkpoint, whatever the ``stats.json`` of their own lists says by
    then; a training that is resumed with other numbers is refused.
    """

    def __init__(self) -> None:
        self.fits: dict[str, list] = {}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take the numbers out of a checkpoint."""
        meta = checkpoint.get('meta', {}).get('dataset_meta') or {}
        self.fits = steps_of(meta.get('modalities') or {})

    def before_train(self, runner: Runner) -> None:
        """Take the numbers of the training data, from here on.

        Raises:
            ValueError: If the run is resumed, and they are others than those
                of the checkpoint.
        """
        dataset = runner.train_dataloader.dataset
        parts = _parts(dataset)
        if not parts:
            return
        now = steps_of(dataset.metainfo['modalities'])
        changed = [n for n, fit in self.fits.items() if now.get(n) != fit]
        if runner.iter and changed:
            raise ValueError(
                f'resume: the numbers for `values` of {changed} in '
                f'{parts[0].stats_file} are others than those of the '
                'checkpoint: put the file back, or start anew'
            )
        self.fits = now

    def before_val(self, runner: Runner) -> None:
        """Give the numbers to the validation data, before workers start."""
        self._give(runner.val_dataloader.dataset)

    def before_test(self, runner: Runner) -> None:
        """Give the numbers to the test data, before workers start."""
        self._give(runner.test_dataloader.dataset)

    def _give(self, dataset: Dataset) -> None:
        for part in _parts(dataset):
            part.take_fits(self.fits)


def _parts(dataset: Dataset) -> list[MultiModalSegDataset]:
    """List the datasets inside of wrappers that have steps to complete."""
    return [
        part
        for part in unwrapped_datasets(dataset)
        if isinstance(part, MultiModalSegDataset)
    ]
