"""Masks that hide parts of every modality, for masked pretraining."""

import zlib
from collections.abc import Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData
from mmseg.registry import TRANSFORMS

from multimodal_rs.utils.masks import MASK_STRIDE, mask_size

STRATEGIES = ('complementary', 'independent')


@TRANSFORMS.register_module()
class ComplementaryMask(BaseTransform):
    """Draw which cells of which modality the network does not see.

    The masks of CMSS (complementary masked self-supervision, MCF-Mamba, JAG
    2025, vol. 145, 104960). The image is cut into square cells; the last ones
    at the bottom and right may be partial. Strategies:

    - ``complementary``: every place is visible in exactly one modality. With
      two, the second mask is 1 minus the first. With M, the cells are dealt
      out: the first modality keeps its part, the others share the rest
      equally (the paper has two; M is ours).
    - ``independent``: one draw per modality, all with the same ratio.

    Comes last in the pipeline, after :class:`PackMultiModalInputs`: the masks
    belong to the augmented crop. The draws are those of the authors' code
    for the same state of numpy's global generator, which the dataset seeds
    per sample.

    A modality that the sample lacks is hidden everywhere. The others keep
    their masks: what would be visible only there is visible nowhere, and is
    reconstructed from its surroundings.

    Required keys: ``inputs``, ``data_samples``.

    Added fields of the data sample, each with one map per modality:

    - ``hidden``: (1, H / 4, W / 4), rounded up, float32, 1 = hidden;
    - ``valid``: (1, H, W) bool, where the modality was measured. Nothing else
      has to be reconstructed.

    Args:
        modalities (Sequence[str], optional): What the network reads, in its
            order. None: all inputs.
        strategy (str): ``'complementary'`` or ``'independent'``.
        ratio (float, optional): Share of cells hidden in the first modality
            or, if independent, in each; rounded up to whole cells. None:
            (M - 1) / M, 0.5 with two, so that all are hidden alike, but for
            rounding and partial cells.
        cell (int): Side of a cell in pixels, a multiple of 4.
        seed (int, optional): Makes the masks of a tile always the same,
            whatever the run's seed: for validation. None: drawn anew.

    Raises:
        ValueError: If an argument is out of its range, one modality should
            be complementary, or an image has fewer cells than modalities.
        KeyError: If a sample has no such modality.
    """

    def __init__(
        self,
        modalities: Sequence[str] | None = None,
        strategy: str = 'complementary',
        ratio: float | None = None,
        cell: int = 32,
        seed: int | None = None,
    ) -> None:
        if strategy not in STRATEGIES:
            raise ValueError(
                f'ComplementaryMask: strategy must be one of {STRATEGIES}, '
                f'got {strategy!r}'
            )
        if ratio is not None and not 0 < ratio < 1:
            raise ValueError(
                'ComplementaryMask: ratio must be between 0 and 1, got '
                f'{ratio}'
            )
        if cell < 1 or cell % MASK_STRIDE:
            raise ValueError(
                'ComplementaryMask: cell must be a positive multiple of '
                f'{MASK_STRIDE} pixels, got {cell}'
            )
        self.modalities = None if modalities is None else tuple(modalities)
        self.strategy = strategy
        self.ratio = ratio
        self.cell = cell
        self.seed = seed

    def transform(self, results: dict) -> dict:
        """Draw the masks of one packed sample."""
        inputs, sample = results['inputs'], results['data_samples']
        names = self._names(inputs)
        present = sample.metainfo.get('present_modalities', names)
        size = inputs[names[0]].shape[-2:]
        draws = self._draw(len(names), size, self._generator(sample.metainfo))
        hidden, valid = {}, {}
        for name, mask in zip(names, draws, strict=True):
            if name not in present:
                mask = np.ones_like(mask)
            hidden[name] = torch.from_numpy(mask)[None]
            valid[name] = ~inputs[name].isnan().any(dim=0, keepdim=True)
        sample.hidden = PixelData(**hidden)
        sample.valid = PixelData(**valid)
        return results

    def _names(self, inputs: dict) -> tuple[str, ...]:
        names = tuple(inputs) if self.modalities is None else self.modalities
        missing = [name for name in names if name not in inputs]
        if missing:
            raise KeyError(
                f'ComplementaryMask: unknown modality {missing}; the sample '
                f'has {list(inputs)}'
            )
        if len(names) == 1 and (
            self.strategy == 'complementary' or self.ratio is None
        ):
            raise ValueError(
                f'ComplementaryMask: {names[0]} alone has no complement: set '
                "strategy='independent' and ratio, or declare more modalities"
            )
        return names

    def _generator(self, meta: dict):
        if self.seed is None:
            return np.random  # the module has the functions of its generator
        tile = zlib.crc32(str(meta['sample_id']).encode())
        return np.random.RandomState([self.seed, tile])

    def _draw(
        self,
        number: int,
        size: tuple[int, int],
        generator,
    ) -> list[np.ndarray]:
        """Draw ``number`` masks (H / 4, W / 4), 1 = hidden.

        ``generator`` has ``permutation`` of a legacy ``RandomState``.
        """
        grid = tuple(-(-side // self.cell) for side in size)
        cells = grid[0] * grid[1]
        if cells < number:
            raise ValueError(
                f'ComplementaryMask: an image of {tuple(size)} has {cells} '
                f'cells of {self.cell} pixels for {number} modalities, some '
                'would never be hidden: choose a smaller `cell`'
            )
        ratio = (number - 1) / number if self.ratio is None else self.ratio
        count = int(np.ceil(cells * ratio))
        masks = np.zeros((number, cells), np.float32)
        if self.strategy == 'independent':
            for mask in masks:
                mask[generator.permutation(cells)[:count]] = 1
        else:
            order = generator.permutation(cells)
            parts = np.array_split(order[:count], number - 1)
            for mask, visible in zip(
                masks, (order[count:], *parts), strict=True
            ):
                mask[:] = 1
                mask[visible] = 0
        return [self._enlarge(mask.reshape(grid), size) for mask in masks]

    def _enlarge(self, mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        height, width = mask_size(size)
        tokens = self.cell // MASK_STRIDE
        mask = mask.repeat(tokens, axis=0).repeat(tokens, axis=1)
        return np.ascontiguousarray(mask[:height, :width])
