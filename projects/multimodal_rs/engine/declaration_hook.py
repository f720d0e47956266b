"""The data of a run, compared with what its network was built for."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch.utils.data import DataLoader

from multimodal_rs.datasets.disagreement import disagreement
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.utils.wrappers import unwrapped
from multimodal_rs.weights.modality_order import check_order


@HOOKS.register_module()
class DeclarationHook(Hook):
    """Refuse data with other classes or bands than the network's.

    A network takes both from ``data_preprocessor``. Where a config changes
    them for a dataset alone, the run would learn or score something else than
    it says. A network without our preprocessor, and a dataset without a
    declaration, are not examined.

    Refuse also weights that were trained with the modalities in another
    order, see :mod:`multimodal_rs.weights.modality_order`.
    """

    def before_train(self, runner: Runner) -> None:
        """Compare with the training and validation data."""
        _check(runner, runner.train_dataloader, 'train_dataloader')
        if runner.val_loop is not None:
            _check(runner, runner.val_dataloader, 'val_dataloader')

    def before_val(self, runner: Runner) -> None:
        """Compare with the validation data."""
        _check(runner, runner.val_dataloader, 'val_dataloader')

    def before_test(self, runner: Runner) -> None:
        """Compare with the test data."""
        _check(runner, runner.test_dataloader, 'test_dataloader')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note the order of the modalities."""
        declared = getattr(unwrapped(runner.model), 'declared', None)
        if declared:
            checkpoint['meta']['modalities'] = list(declared)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the order of the modalities with that of the training.

        Raises:
            ValueError: If they differ, with both.
        """
        check_order(unwrapped(runner.model), checkpoint)


def _check(runner: Runner, loader: DataLoader, name: str) -> None:
    """Compare one loader's dataset with the network.

    Raises:
        ValueError: If they differ, with both values.
    """
    preprocessor = unwrapped(runner.model).data_preprocessor
    declared = getattr(preprocessor, 'modalities', None)
    meta = getattr(loader.dataset, 'metainfo', {})
    if not declared or 'modalities' not in meta:
        return
    found = disagreement(declared, build_modalities(meta['modalities']))
    if found:
        raise ValueError(
            f'{name}: the dataset declares {found.what} {found.theirs}, '
            f'data_preprocessor {found.ours}: give both the same `modalities`'
        )
    classes = meta.get('classes')
    number = getattr(preprocessor, 'num_classes', None)
    if number is not None and classes and len(classes) != number:
        raise ValueError(
            f'{name}: the dataset has {len(classes)} classes '
            f'{list(classes)}, data_preprocessor declares num_classes='
            f'{number}: correct num_classes in the base config of the dataset'
        )
