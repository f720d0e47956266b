"""Numbers of the training pixels that steps of ``values`` need in a test."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.fits import steps_of


@HOOKS.register_module()
class FittedValuesHook(Hook):
    """Test with the numbers that the network was trained with.

    Steps of ``values`` such as ``PCA`` are measured on training pixels. A
    checkpoint holds the numbers in the declarations of its training data. A
    test reads its data with them, whatever ``stats.json`` says by then; a
    training that is resumed with other numbers is refused.
    """

    def __init__(self) -> None:
        self.fits: dict[str, list] = {}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take the numbers out of a checkpoint."""
        meta = checkpoint.get('meta', {}).get('dataset_meta') or {}
        self.fits = steps_of(meta.get('modalities') or {})

    def before_train(self, runner: Runner) -> None:
        """Compare with the training data, if the run is resumed.

        Raises:
            ValueError: If the numbers differ.
        """
        dataset = runner.train_dataloader.dataset
        if runner.iter == 0 or not isinstance(dataset, MultiModalSegDataset):
            return
        now = steps_of(dataset.metainfo['modalities'])
        changed = [n for n, fit in self.fits.items() if now.get(n) != fit]
        if changed:
            raise ValueError(
                f'resume: the numbers for `values` of {changed} in '
                f'{dataset.stats_file} are others than those of the '
                'checkpoint: put the file back, or start anew'
            )

    def before_test(self, runner: Runner) -> None:
        """Give the numbers to the test data, before workers start."""
        dataset = runner.test_dataloader.dataset
        if self.fits and isinstance(dataset, MultiModalSegDataset):
            dataset.take_fits(
                {n: f for n, f in self.fits.items() if n in dataset.modalities}
            )
