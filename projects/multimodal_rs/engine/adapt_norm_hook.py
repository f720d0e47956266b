"""Tests with normalisation that adapts to the place of the tiles."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from mmengine.dataset import pseudo_collate
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from multimodal_rs.utils.places import Places
from multimodal_rs.utils.wrappers import unwrapped
from multimodal_rs.weights.adapted_norms import (
    AdaptedNorms,
    NormStatistics,
    even_parts,
    measurable_batches,
)


@HOOKS.register_module()
class AdaptNormHook(Hook):
    """Let batch normalisation adapt to each place of a test, without labels.

    Before the first tile of a place is tested, all of its tiles are sent
    through the network once, and while they are tested the statistics of the
    place are mixed with those of the training
    (:mod:`multimodal_rs.weights.adapted_norms`). Each subset of the
    modalities has statistics of its own. The tiles of a batch have to lie in
    one place, so their number must be a multiple of the batch size, or the
    batch size 1. Each of several processes measures all tiles. The
    checkpoint and training are not touched.

    Args:
        share (float): How much of the statistics is that of the place, 0 to
            1. 0: nothing is measured, and nothing changes.
        places (dict | str, optional): How the ``sample_id`` of a tile tells
            its place, see :class:`multimodal_rs.utils.places.Places`. None:
            all tiles are of one place.
        batch_size (int): Tiles that are measured at once, at most, but two
            or three; those with other modalities apart. A single tile is
            measured twice.
    """

    def __init__(
        self,
        share: float = 0.0,
        places: Mapping[str, str] | str | None = None,
        batch_size: int = 8,
    ) -> None:
        self.share = share
        self.places = Places(places, 'AdaptNormHook') if places else None
        self.batch_size = batch_size

    def before_test(self, runner: Runner) -> None:
        """Note which tiles lie where."""
        self.norms = None
        if not self.share:
            return
        dataset = runner.test_dataloader.dataset
        self.norms = AdaptedNorms(unwrapped(runner.model).eval(), self.share)
        self.found: dict[tuple, NormStatistics] = {}
        self.tiles = defaultdict(list)
        for number in range(len(dataset)):
            tile = dataset.get_data_info(number)['sample_id']
            self.tiles[self._place(tile)].append(number)

    def before_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Adapt to the place of a batch.

        Raises:
            ValueError: If a batch has tiles of several places.
        """
        if self.norms is None:
            return
        samples = data_batch['data_samples']
        if isinstance(samples[0], Sequence):  # the views of augmentation
            samples = samples[0]
        tiles = [s.metainfo['sample_id'] for s in samples]
        places = {self._place(tile) for tile in tiles}
        if len(places) > 1:
            raise ValueError(
                f'AdaptNormHook: a batch has tiles of {sorted(places)}, '
                f'{tiles}: set test_dataloader.batch_size=1, or sort the list'
            )
        (self.here,) = places
        self._adapt(runner, None)

    def before_subset(self, runner: Runner, names: Sequence[str]) -> None:
        """Adapt to the place as it looks without some of its sensors.

        ``ModalitySubsetTestLoop`` calls it before each of its subsets.

        Args:
            runner: Of the test.
            names: Modalities of the subset.
        """
        if self.norms is not None:
            self._adapt(runner, tuple(names))

    def _adapt(self, runner: Runner, names: tuple[str, ...] | None) -> None:
        """Measure the current place with these modalities, if it is new."""
        key = self.here, names
        if key not in self.found:
            self.norms.reset()
            self.found[key] = self.norms.measure(
                lambda: self._look(runner, self.tiles[self.here], names)
            )
        self.norms.adapt(self.found[key])

    def _look(
        self,
        runner: Runner,
        numbers: Sequence[int],
        names: tuple[str, ...] | None,
    ) -> None:
        """Send tiles through the network, with some modalities or all."""
        model = unwrapped(runner.model)
        dataset = runner.test_dataloader.dataset
        for part in even_parts(numbers, self.batch_size):
            samples = [_first_view(dataset[i]) for i in part]
            if names is not None:
                samples = [s for s in samples if _restricted(s, names)]
            there = [
                tuple(s['data_samples'].present_modalities) for s in samples
            ]
            for group in measurable_batches(there, self.batch_size):
                model.test_step(pseudo_collate([samples[n] for n in group]))

    def after_test(self, runner: Runner) -> None:
        """Normalise as before."""
        if self.norms is not None:
            self.norms.reset()

    def _place(self, tile: str) -> str:
        return 'everywhere' if self.places is None else self.places.of(tile)


def _first_view(sample: Mapping) -> Mapping:
    """Take one view of a sample that test-time augmentation has made."""
    if isinstance(sample['data_samples'], Sequence):
        return {key: views[0] for key, views in sample.items()}
    return sample


def _restricted(sample: Mapping, names: Sequence[str]) -> bool:
    """Leave a sample these modalities only; say whether it has any of them."""
    info = sample['data_samples']
    left = tuple(m for m in info.present_modalities if m in names)
    info.set_metainfo(dict(present_modalities=left))
    return bool(left)
