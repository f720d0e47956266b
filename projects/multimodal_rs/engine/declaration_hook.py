"""The data of a run, compared with what its network was built for."""

from collections.abc import Mapping

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch.utils.data import DataLoader

from multimodal_rs.datasets.disagreement import disagreement
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.utils.wrappers import unwrapped
from multimodal_rs.weights.modality_order import READ, check_order


@HOOKS.register_module()
class DeclarationHook(Hook):
    """Refuse data with other classes or bands than the network's.

    A network takes both from ``data_preprocessor``. Where a config changes
    them for a dataset alone, the run would learn or score something else than
    it says. A network without our preprocessor, and a dataset without a
    declaration, are not examined.

    Refuse also weights that were trained with modalities or bands in another
    order, see :mod:`multimodal_rs.weights.modality_order`, and a test with
    other bands, units or statistics than those of the training, or with its
    classes in another order.
    """

    def __init__(self) -> None:
        self.trained_on: Mapping = {}  # dataset_meta of what was loaded

    def before_train(self, runner: Runner) -> None:
        """Compare with the training and validation data."""
        _check(runner, runner.train_dataloader, 'train_dataloader')
        if runner.val_loop is not None:
            _check(runner, runner.val_dataloader, 'val_dataloader')

    def before_val(self, runner: Runner) -> None:
        """Compare with the validation data."""
        _check(runner, runner.val_dataloader, 'val_dataloader')

    def before_test(self, runner: Runner) -> None:
        """Compare with the test data, and these with the training."""
        _check(runner, runner.test_dataloader, 'test_dataloader')
        _check_trained(runner, self.trained_on)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note the order of the modalities, and which of them are read."""
        model = unwrapped(runner.model)
        declared = getattr(model, 'declared', None)
        if declared:
            checkpoint['meta']['modalities'] = list(declared)
            checkpoint['meta'][READ] = list(model.modalities)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare orders with those of the training, see ``check_order``."""
        check_order(checkpoint, unwrapped(runner.model))
        self.trained_on = checkpoint.get('meta', {}).get('dataset_meta') or {}


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


def _check_trained(runner: Runner, trained_on: Mapping) -> None:
    """Compare what is tested with what the checkpoint was trained on.

    Only what the network reads: the data may have more modalities, in either
    of them.

    Raises:
        ValueError: If they differ, with both values.
    """
    advice = 'use the config that the checkpoint was trained with'
    model = unwrapped(runner.model)
    declared = getattr(model.data_preprocessor, 'modalities', None)
    if declared and 'modalities' in trained_on:
        trained = build_modalities(trained_on['modalities'])
        read = getattr(model, 'modalities', declared)
        ours = {name: declared[name] for name in read if name in declared}
        found = disagreement(
            ours, {name: trained[name] for name in ours if name in trained}
        )
        if found:
            raise ValueError(
                f'checkpoint: it was trained with {found.what} '
                f'{found.theirs}, the config declares {found.ours}: {advice}'
            )
    theirs = list(trained_on.get('classes') or ())
    meta = getattr(runner.test_dataloader.dataset, 'metainfo', {})
    ours = list(meta.get('classes') or ())
    if ours != theirs and sorted(ours) == sorted(theirs):
        raise ValueError(
            f'checkpoint: it was trained on the classes {theirs}, in this '
            f'order, the test data have {ours}: {advice}'
        )
