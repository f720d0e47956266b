"""Classes that a run cannot learn because no training tile has them."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.label_counts import known_counts, never_seen


@HOOKS.register_module()
class LabelCountHook(Hook):
    """Warn, before a run trains, of classes that never occur in its labels.

    A mask with the numbers 0 and 255 for two classes is the usual case: 255
    is ignored, the other class is all that is left, and every measure is 100.
    No label is read: the counts are those in the ``stats.json`` that
    ``data_prep`` has written beside the training list. Without one, or if it
    is for other tiles or labels, nothing is said.
    """

    def before_train(self, runner: Runner) -> None:
        """Look at the counts of the training list."""
        dataset = runner.train_dataloader.dataset
        if not isinstance(dataset, MultiModalSegDataset):
            return
        counts = known_counts(dataset)
        if counts is None:
            return
        warning = never_seen(dataset, counts.pixels, counts.ignored)
        if warning:
            runner.logger.warning(warning)
