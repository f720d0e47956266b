"""Pictures of what masked pretraining reconstructs."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample
from torch.utils.data import Dataset

from multimodal_rs.datasets.modality import Modality
from multimodal_rs.visualization.composites import composite
from multimodal_rs.visualization.hook import (
    MultiModalVisualizationHook,
    declared_modalities,
)
from multimodal_rs.visualization.panel import Picture, Row, contact_sheet, fit


@HOOKS.register_module()
class ReconstructionVisualizationHook(MultiModalVisualizationHook):
    """Draw input, visible part and reconstruction of each modality.

    In the reconstruction only what was hidden comes from the network; around
    it is the input, as nothing else is trained. Hidden cells and invalid
    pixels are hatched. The three pictures of a modality share one stretch.

    Arguments as there; pictures after every validation and, with a contact
    sheet, after testing. The worst tiles are those with the largest squared
    error, over all modalities.
    """

    def _alone(
        self, runner: Runner, data_batch: Mapping, position: int
    ) -> Mapping[str, np.ndarray | None]:
        return {}  # nothing is classified

    def _error(self, output: SegDataSample) -> float | None:
        errors = []
        for name in output.target.keys():
            counted = getattr(output.counted, name)[0]
            target = getattr(output.target, name)
            result = getattr(output.reconstruction, name)
            errors.append((result - target).square()[:, counted].flatten())
        errors = torch.cat(errors)
        return float(errors.mean()) if len(errors) else None

    def _row(
        self,
        dataset: Dataset,
        data_batch: Mapping,
        outputs: Sequence[SegDataSample],
        position: int,
        alone: Mapping[str, np.ndarray | None] | None = None,
    ) -> Row:
        output = outputs[position]
        pictures = []
        errors = []
        for name, modality in declared_modalities(dataset).items():
            if name not in output.target:
                continue  # the network does not read it
            target, result, counted, valid = (
                getattr(maps, name).cpu().numpy()
                for maps in (
                    output.target,
                    output.reconstruction,
                    output.counted,
                    output.valid,
                )
            )
            pictures += draw(target, result, counted, valid, modality)
            if counted.any():
                error = np.square(result - target)[:, counted[0]].mean()
                errors.append(f'{name} {error:.3g}')
        note = 'squared error: ' + ', '.join(errors)
        title = str(output.metainfo.get('sample_id', 'tile'))
        return fit(Row(title, tuple(pictures), note), self.cell)

    def _sheet(self, metainfo: Mapping, rows: Sequence[Row]) -> np.ndarray:
        title = 'hatched: hidden from the network, or invalid'
        return contact_sheet(rows, (), (), title, self.cell)


def draw(
    target: np.ndarray,
    result: np.ndarray,
    counted: np.ndarray,
    valid: np.ndarray,
    modality: Modality,
) -> list[Picture]:
    """Draw the three pictures of a modality.

    Args:
        target: (C, H, W) in normalised units.
        result: (C, H, W), likewise.
        counted: (1, H, W) bool, hidden and valid.
        valid: (1, H, W) bool.
        modality: Its declaration.
    """
    image = np.where(valid, _denormalised(target, modality), np.nan)
    seen = np.where(counted, np.nan, image)
    filled = np.where(counted, _denormalised(result, modality), image)
    name = modality.name
    # Headings tell columns apart, so they must differ between modalities.
    titles = (name, f'{name}, visible', f'{name}, reconstructed')
    # Side by side, so that percentiles are taken over all three together.
    strip = composite(
        np.concatenate([image, seen, filled], axis=2).astype(np.float32),
        modality,
    )
    return [
        Picture(title, pixels if valid.any() else None, smooth=True)
        for title, pixels in zip(titles, np.split(strip, 3, 1), strict=True)
    ]


def _denormalised(data: np.ndarray, modality: Modality) -> np.ndarray:
    """From (C, H, W) normalised to the units after the value transforms."""
    ones = (1.0,) * modality.channels
    zeros = (0.0,) * modality.channels
    mean = np.array(modality.mean or zeros, np.float32)[:, None, None]
    std = np.array(modality.std or ones, np.float32)[:, None, None]
    return data * std + mean
